package zmq

import "strings"

// String returns the name of the value, "on" or "off", "default" for the zero
// value, or "unknown".
func (t Toggle) String() string { return nameOf(t, "default", "on", "off") }

// String returns the name of the value, such as "drop_newest", "default" for the
// zero value, or "unknown".
func (o Overflow) String() string {
	return nameOf(o, "default", "block", "drop_newest", "drop_oldest", "error")
}

// String returns the names of the conditions, such as
// "refused|handshake_failed", or "none".
func (s ReconnectStop) String() string {
	return namesOf(s, "refused", "handshake_failed", "after_disconnect")
}

// String returns the name of the value, such as "same_user", or "unknown".
func (h RouterHandover) String() string { return nameOf(h, "none", "same_user", "any") }

// String returns the names of the notifications, such as "connect|disconnect", or
// "none".
func (n RouterNotify) String() string { return namesOf(n, "connect", "disconnect") }

// String returns the name of the value, such as "every_subscribe", or "unknown".
func (n XPubNotify) String() string {
	return nameOf(n, "first_and_last", "every_subscribe", "every_change")
}

// nameOf returns the name of the value v, whose names begin with that of 0.
func nameOf[T ~uint8](v T, names ...string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "unknown"
}

// namesOf returns the names of the bits of v, the lowest first. Bits without a name
// are one "unknown".
func namesOf[T ~uint8](v T, names ...string) string {
	var list []string
	for i, name := range names {
		if v&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	switch {
	case v>>len(names) != 0:
		list = append(list, "unknown")
	case len(list) == 0:
		return "none"
	}
	return strings.Join(list, "|")
}
