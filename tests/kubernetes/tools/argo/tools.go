//go:build tools

// Package tools names the programs that toolchain.sh builds, so that go.mod and go.sum pin them.
package tools

import (
	_ "github.com/argoproj/argo-workflows/v3/cmd/argoexec"
	_ "github.com/argoproj/argo-workflows/v3/cmd/workflow-controller"
)
