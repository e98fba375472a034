//go:build tools

// Package tools names the program that build-gowaku.sh builds, so that go.mod and go.sum pin it.
package tools

import _ "github.com/waku-org/go-waku/cmd/waku"
