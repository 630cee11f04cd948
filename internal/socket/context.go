package socket

import (
	"context"
	"errors"
	"reflect"
)

// EndedBy reports whether err is, or wraps, the error of a context that has ended.
// Contexts may have errors of any type, also of types that cannot be compared.
func EndedBy(ctx context.Context, err error) bool {
	ended := ctx.Err()
	if ended == nil {
		return false
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if sameError(err, ended) {
			return true
		}
	}
	return false
}

func sameError(a, b error) bool {
	if reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() {
		return a == b
	}
	return reflect.DeepEqual(a, b)
}
