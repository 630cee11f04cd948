package zmq4

// ServerAuthNull makes the socket a server of NULL, whose peers the ZAP handler
// decides about if the domain is not empty.
func (server *Socket) ServerAuthNull(domain string) error {
	return inOrder(
		func() error { return server.SetPlainServer(0) },
		func() error { return server.SetZapDomain(domain) })
}

// ServerAuthPlain makes the socket a server of PLAIN with a ZAP domain.
func (server *Socket) ServerAuthPlain(domain string) error {
	return inOrder(
		func() error { return server.SetPlainServer(1) },
		func() error { return server.SetZapDomain(domain) })
}

// ServerAuthCurve makes the socket a server of CURVE with a secret key and a ZAP domain.
func (server *Socket) ServerAuthCurve(domain, secret_key string) error {
	return inOrder(
		func() error { return server.SetCurveServer(1) },
		func() error { return server.SetCurveSecretkey(secret_key) },
		func() error { return server.SetZapDomain(domain) })
}

// ClientAuthPlain makes the socket a client of PLAIN.
func (client *Socket) ClientAuthPlain(username, password string) error {
	return inOrder(
		func() error { return client.SetPlainUsername(username) },
		func() error { return client.SetPlainPassword(password) })
}

// ClientAuthCurve makes the socket a client of CURVE. The keys are Z85 text.
func (client *Socket) ClientAuthCurve(server_public_key, client_public_key, client_secret_key string) error {
	return inOrder(
		func() error { return client.SetCurveServerkey(server_public_key) },
		func() error { return client.SetCurvePublickey(client_public_key) },
		func() error { return client.SetCurveSecretkey(client_secret_key) })
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
