//go:build tools

// Package tools names the program that toolchain.sh builds, so that go.mod and go.sum pin it.
package tools

import _ "github.com/argoproj/argo-workflows/v3/cmd/workflow-controller"
