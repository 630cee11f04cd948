package zmq

import "fmt"

// The values of the types in this file are written as their names, so that Stats,
// Event and EndpointInfo can be encoded as JSON, and their maps have names as keys.

// MarshalText returns the text of String.
func (t SocketType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (t *SocketType) UnmarshalText(b []byte) error { return unmarshalName(t, "socket type", b) }

// MarshalText returns the text of String.
func (v ProtocolVersion) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (v *ProtocolVersion) UnmarshalText(b []byte) error {
	return unmarshalName(v, "version of ZMTP", b)
}

// MarshalText returns the text of String.
func (s EndpointState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (s *EndpointState) UnmarshalText(b []byte) error { return unmarshalName(s, "endpoint state", b) }

// MarshalText returns the text of String.
func (k EventKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (k *EventKind) UnmarshalText(b []byte) error { return unmarshalName(k, "event kind", b) }

// MarshalText returns the text of String.
func (r CloseReason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (r *CloseReason) UnmarshalText(b []byte) error { return unmarshalName(r, "close reason", b) }

// MarshalText returns the text of String.
func (d DropReason) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (d *DropReason) UnmarshalText(b []byte) error { return unmarshalName(d, "drop reason", b) }

// unmarshalName sets v to the value with a name. The name of the zero value may be
// that of all invalid values.
func unmarshalName[T interface {
	~uint8
	String() string
}](v *T, what string, name []byte) error {
	invalid := T(255).String()
	for i := range 256 {
		if s := T(i).String(); s == string(name) && (i == 0 || s != invalid) {
			*v = T(i)
			return nil
		}
	}
	return fmt.Errorf("zmq: unknown %s %q", what, name)
}
