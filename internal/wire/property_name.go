package wire

// ValidPropertyName reports whether a property name may be sent: 1 to 255
// characters of ALPHA | DIGIT | "-" | "_" | "." | "+".
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
func ValidPropertyName[N text](name N) bool {
	if len(name) == 0 || len(name) > 255 {
		return false
	}
	for i := range len(name) {
		if !isNameChar(name[i]) {
			return false
		}
	}
	return true
}

func isNameChar(c byte) bool {
	l := lower(c)
	return 'a' <= l && l <= 'z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '+'
}

// EqualPropertyName reports whether two property names are equal, ignoring the
// case of ASCII letters. bytes.EqualFold is not suitable: it also considers a
// Kelvin sign equal to a k.
// https://rfc.zeromq.org/spec/37/#connection-metadata
func EqualPropertyName[A, B text](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
