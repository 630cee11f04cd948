package wire

import "errors"

// ErrMalformed matches every error that this package returns. It means that the
// bytes are not valid ZMTP, whatever bytes follow.
var ErrMalformed = errors.New("malformed")

// malformed is an error that names the malformed element and the reason. It
// wraps ErrMalformed.
type malformed struct{ element, reason string }

func (m *malformed) Error() string { return "malformed " + m.element + ": " + m.reason }

func (m *malformed) Unwrap() error { return ErrMalformed }
