package mechanism

// SetCurveSent sets the nonce of the last command that m has sent.
func SetCurveSent(m Mechanism, last uint64) {
	switch m := m.(type) {
	case *CurveClient:
		m.sealer.last = last
	case *CurveServer:
		m.sealer.last = last
	}
}

// CurveHandshakeSecrets returns how many secrets of its handshake m still has.
func CurveHandshakeSecrets(m Mechanism) (n int) {
	switch m := m.(type) {
	case *CurveClient:
		if m.hello != nil {
			n++
		}
		if m.initiate != nil {
			n++
		}
	case *CurveServer:
		if m.hello != nil {
			n++
		}
		if m.session != nil {
			n++
		}
	}
	return n
}
