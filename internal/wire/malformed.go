package wire

import "errors"

// ErrMalformed matches every error of this package: bytes that no continuation
// can turn into valid ZMTP.
var ErrMalformed = errors.New("malformed")

// malformed says which element is bad, and why. It wraps ErrMalformed.
type malformed struct{ element, reason string }

func (m *malformed) Error() string { return "malformed " + m.element + ": " + m.reason }

func (m *malformed) Unwrap() error { return ErrMalformed }
