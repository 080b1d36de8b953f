//go:build !linux && !darwin && !freebsd

package app

import (
	"errors"
	"math"
)

// diskFree is not watched here: the store's own errors tell when it is full.
func diskFree(string) (int64, error) { return math.MaxInt64, errors.ErrUnsupported }
