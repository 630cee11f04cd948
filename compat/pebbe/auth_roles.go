package zmq4

// ServerAuthNull makes the socket a server of NULL, whose peers the ZAP handler
// decides about if the domain is not empty.
func (soc *Socket) ServerAuthNull(domain string) error {
	return inOrder(
		func() error { return soc.SetPlainServer(0) },
		func() error { return soc.SetZapDomain(domain) })
}

// ServerAuthPlain makes the socket a server of PLAIN with a ZAP domain.
func (soc *Socket) ServerAuthPlain(domain string) error {
	return inOrder(
		func() error { return soc.SetPlainServer(1) },
		func() error { return soc.SetZapDomain(domain) })
}

// ServerAuthCurve makes the socket a server of CURVE with a secret key and a ZAP domain.
func (soc *Socket) ServerAuthCurve(domain, secret_key string) error {
	return inOrder(
		func() error { return soc.SetCurveServer(1) },
		func() error { return soc.SetCurveSecretkey(secret_key) },
		func() error { return soc.SetZapDomain(domain) })
}

// ClientAuthPlain makes the socket a client of PLAIN.
func (soc *Socket) ClientAuthPlain(username, password string) error {
	return inOrder(
		func() error { return soc.SetPlainUsername(username) },
		func() error { return soc.SetPlainPassword(password) })
}

// ClientAuthCurve makes the socket a client of CURVE. The keys are Z85 text.
func (soc *Socket) ClientAuthCurve(server_public_key, client_public_key, client_secret_key string) error {
	return inOrder(
		func() error { return soc.SetCurveServerkey(server_public_key) },
		func() error { return soc.SetCurvePublickey(client_public_key) },
		func() error { return soc.SetCurveSecretkey(client_secret_key) })
}

// inOrder calls functions until one returns an error.
func inOrder(calls ...func() error) error {
	for _, f := range calls {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}
