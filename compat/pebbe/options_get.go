package zmq4

import "time"

// GetType returns the type of the socket. [ZMQ_TYPE]
func (soc *Socket) GetType() (Type, error) {
	v, err := soc.getInt(16)
	return Type(v), err
}

// GetRcvmore reports whether another part of the message follows that was
// received last. [ZMQ_RCVMORE]
func (soc *Socket) GetRcvmore() (bool, error) { return soc.getBool(13) }

// GetSndhwm returns what [Socket.SetSndhwm] has set, or the default.
// [ZMQ_SNDHWM]
func (soc *Socket) GetSndhwm() (int, error) { return soc.getInt(23) }

// GetRcvhwm returns what [Socket.SetRcvhwm] has set, or the default.
// [ZMQ_RCVHWM]
func (soc *Socket) GetRcvhwm() (int, error) { return soc.getInt(24) }

// GetAffinity returns what [Socket.SetAffinity] has set, or the default.
// [ZMQ_AFFINITY]
func (soc *Socket) GetAffinity() (uint64, error) { return soc.getUint64(4) }

// GetIdentity returns the routing ID that was set. [ZMQ_ROUTING_ID]
func (soc *Socket) GetIdentity() (string, error) { return soc.getText(5) }

// GetRate returns what [Socket.SetRate] has set, or the default. [ZMQ_RATE]
func (soc *Socket) GetRate() (int, error) { return soc.getInt(8) }

// GetRecoveryIvl returns what [Socket.SetRecoveryIvl] has set, or the default.
// [ZMQ_RECOVERY_IVL]
func (soc *Socket) GetRecoveryIvl() (time.Duration, error) { return soc.getMillis(9) }

// GetSndbuf returns what [Socket.SetSndbuf] has set, or the default.
// [ZMQ_SNDBUF]
func (soc *Socket) GetSndbuf() (int, error) { return soc.getInt(11) }

// GetRcvbuf returns what [Socket.SetRcvbuf] has set, or the default.
// [ZMQ_RCVBUF]
func (soc *Socket) GetRcvbuf() (int, error) { return soc.getInt(12) }

// GetLinger returns what [Socket.SetLinger] has set, or the default.
// [ZMQ_LINGER]
func (soc *Socket) GetLinger() (time.Duration, error) { return soc.getMillisOrInfinite(17) }

// GetReconnectIvl returns what [Socket.SetReconnectIvl] has set, or the
// default. [ZMQ_RECONNECT_IVL]
func (soc *Socket) GetReconnectIvl() (time.Duration, error) { return soc.getMillisOrInfinite(18) }

// GetReconnectIvlMax returns what [Socket.SetReconnectIvlMax] has set, or the
// default. [ZMQ_RECONNECT_IVL_MAX]
func (soc *Socket) GetReconnectIvlMax() (time.Duration, error) { return soc.getMillis(21) }

// GetBacklog returns what [Socket.SetBacklog] has set, or the default.
// [ZMQ_BACKLOG]
func (soc *Socket) GetBacklog() (int, error) { return soc.getInt(19) }

// GetMaxmsgsize returns what [Socket.SetMaxmsgsize] has set, or the default.
// [ZMQ_MAXMSGSIZE]
func (soc *Socket) GetMaxmsgsize() (int64, error) { return soc.getInt64(22) }

// GetMulticastHops returns what [Socket.SetMulticastHops] has set, or the
// default. [ZMQ_MULTICAST_HOPS]
func (soc *Socket) GetMulticastHops() (int, error) { return soc.getInt(25) }

// GetRcvtimeo returns what [Socket.SetRcvtimeo] has set, or the default.
// [ZMQ_RCVTIMEO]
func (soc *Socket) GetRcvtimeo() (time.Duration, error) { return soc.getMillisOrInfinite(27) }

// GetSndtimeo returns what [Socket.SetSndtimeo] has set, or the default.
// [ZMQ_SNDTIMEO]
func (soc *Socket) GetSndtimeo() (time.Duration, error) { return soc.getMillisOrInfinite(28) }

// GetIpv6 returns what [Socket.SetIpv6] has set, or the default. [ZMQ_IPV6]
func (soc *Socket) GetIpv6() (bool, error) { return soc.getBool(42) }

// GetImmediate returns what [Socket.SetImmediate] has set, or the default.
// [ZMQ_IMMEDIATE]
func (soc *Socket) GetImmediate() (bool, error) { return soc.getBool(39) }

// GetEvents returns whether the socket can receive and send without waiting.
// [ZMQ_EVENTS]
func (soc *Socket) GetEvents() (State, error) {
	v, err := soc.getInt(15)
	return State(v), err
}

// GetFd returns an error: the socket has no descriptor. Use a [Poller], or a goroutine
// that receives. [ZMQ_FD]
func (soc *Socket) GetFd() (int, error) {
	if _, err := soc.open(); err != nil {
		return 0, err
	}
	return 0, unsupported("ZMQ_FD: the socket has no descriptor; use a Poller")
}

// GetLastEndpoint returns the endpoint of the last Bind or Connect, with
// wildcards replaced. [ZMQ_LAST_ENDPOINT]
func (soc *Socket) GetLastEndpoint() (string, error) { return soc.getText(32) }

// GetTcpKeepalive returns what [Socket.SetTcpKeepalive] has set, or the
// default. [ZMQ_TCP_KEEPALIVE]
func (soc *Socket) GetTcpKeepalive() (int, error) { return soc.getInt(34) }

// GetTcpKeepaliveIdle returns what [Socket.SetTcpKeepaliveIdle] has set, or the
// default. [ZMQ_TCP_KEEPALIVE_IDLE]
func (soc *Socket) GetTcpKeepaliveIdle() (int, error) { return soc.getInt(36) }

// GetTcpKeepaliveCnt returns what [Socket.SetTcpKeepaliveCnt] has set, or the
// default. [ZMQ_TCP_KEEPALIVE_CNT]
func (soc *Socket) GetTcpKeepaliveCnt() (int, error) { return soc.getInt(35) }

// GetTcpKeepaliveIntvl returns what [Socket.SetTcpKeepaliveIntvl] has set, or
// the default. [ZMQ_TCP_KEEPALIVE_INTVL]
func (soc *Socket) GetTcpKeepaliveIntvl() (int, error) { return soc.getInt(37) }

// GetMechanism returns the security mechanism that the options select.
// [ZMQ_MECHANISM]
func (soc *Socket) GetMechanism() (Mechanism, error) {
	v, err := soc.getInt(43)
	return Mechanism(v), err
}

// GetPlainServer returns what [Socket.SetPlainServer] has set, or the default.
// [ZMQ_PLAIN_SERVER]
func (soc *Socket) GetPlainServer() (int, error) { return soc.getInt(44) }

// GetPlainUsername returns what [Socket.SetPlainUsername] has set, or the
// default. [ZMQ_PLAIN_USERNAME]
func (soc *Socket) GetPlainUsername() (string, error) { return soc.getText(45) }

// GetPlainPassword returns what [Socket.SetPlainPassword] has set, or the
// default. [ZMQ_PLAIN_PASSWORD]
func (soc *Socket) GetPlainPassword() (string, error) { return soc.getText(46) }

// GetCurvePublickeyRaw returns the public key, 32 bytes. [ZMQ_CURVE_PUBLICKEY]
func (soc *Socket) GetCurvePublickeyRaw() (string, error) { return soc.getKey(48, 32) }

// GetCurvePublickeykeyZ85 returns the public key as Z85 text.
// [ZMQ_CURVE_PUBLICKEY]
func (soc *Socket) GetCurvePublickeykeyZ85() (string, error) { return soc.getKey(48, 41) }

// GetCurveSecretkeyRaw returns the secret key, 32 bytes. [ZMQ_CURVE_SECRETKEY]
func (soc *Socket) GetCurveSecretkeyRaw() (string, error) { return soc.getKey(49, 32) }

// GetCurveSecretkeyZ85 returns the secret key as Z85 text.
// [ZMQ_CURVE_SECRETKEY]
func (soc *Socket) GetCurveSecretkeyZ85() (string, error) { return soc.getKey(49, 41) }

// GetCurveServerkeyRaw returns the public key of the server, 32 bytes.
// [ZMQ_CURVE_SERVERKEY]
func (soc *Socket) GetCurveServerkeyRaw() (string, error) { return soc.getKey(50, 32) }

// GetCurveServerkeyZ85 returns the public key of the server as Z85 text.
// [ZMQ_CURVE_SERVERKEY]
func (soc *Socket) GetCurveServerkeyZ85() (string, error) { return soc.getKey(50, 41) }

// GetZapDomain returns what [Socket.SetZapDomain] has set, or the default.
// [ZMQ_ZAP_DOMAIN]
func (soc *Socket) GetZapDomain() (string, error) { return soc.getText(55) }

// GetTos returns what [Socket.SetTos] has set, or the default. [ZMQ_TOS]
func (soc *Socket) GetTos() (int, error) { return soc.getInt(57) }

// GetGssapiServer returns an error, because GSSAPI is not implemented.
// [ZMQ_GSSAPI_SERVER]
func (soc *Socket) GetGssapiServer() (bool, error) { return soc.getBool(62) }

// GetGssapiPrincipal returns an error, because GSSAPI is not implemented.
// [ZMQ_GSSAPI_PRINCIPAL]
func (soc *Socket) GetGssapiPrincipal() (string, error) { return soc.getText(63) }

// GetGssapiServicePrincipal returns an error, because GSSAPI is not
// implemented. [ZMQ_GSSAPI_SERVICE_PRINCIPAL]
func (soc *Socket) GetGssapiServicePrincipal() (string, error) { return soc.getText(64) }

// GetGssapiPlaintext returns an error, because GSSAPI is not implemented.
// [ZMQ_GSSAPI_PLAINTEXT]
func (soc *Socket) GetGssapiPlaintext() (bool, error) { return soc.getBool(65) }

// GetHandshakeIvl returns what [Socket.SetHandshakeIvl] has set, or the
// default. [ZMQ_HANDSHAKE_IVL]
func (soc *Socket) GetHandshakeIvl() (time.Duration, error) { return soc.getMillis(66) }

// GetSocksProxy returns what [Socket.SetSocksProxy] has set, or the default.
// [ZMQ_SOCKS_PROXY]
func (soc *Socket) GetSocksProxy() (string, error) { return soc.getText(68) }

// GetInvertMatching returns what [Socket.SetInvertMatching] has set, or the
// default. [ZMQ_INVERT_MATCHING]
func (soc *Socket) GetInvertMatching() (int, error) { return soc.getInt(74) }

// GetConnectTimeout returns what [Socket.SetConnectTimeout] has set, or the
// default. [ZMQ_CONNECT_TIMEOUT]
func (soc *Socket) GetConnectTimeout() (time.Duration, error) { return soc.getMillis(79) }

// GetTcpMaxrt returns what [Socket.SetTcpMaxrt] has set, or the default.
// [ZMQ_TCP_MAXRT]
func (soc *Socket) GetTcpMaxrt() (time.Duration, error) { return soc.getMillis(80) }

// GetThreadSafe returns false, which in libzmq means that the socket type has
// no locks. The sockets of this package have them. [ZMQ_THREAD_SAFE]
func (soc *Socket) GetThreadSafe() (bool, error) { return soc.getBool(81) }

// GetMulticastMaxtpdu returns what [Socket.SetMulticastMaxtpdu] has set, or the
// default. [ZMQ_MULTICAST_MAXTPDU]
func (soc *Socket) GetMulticastMaxtpdu() (int, error) { return soc.getInt(84) }

// GetVmciBufferSize returns an error, because the transport vmci is not
// implemented. [ZMQ_VMCI_BUFFER_SIZE]
func (soc *Socket) GetVmciBufferSize() (uint64, error) { return soc.getUint64(85) }

// GetVmciBufferMinSize returns an error, because the transport vmci is not
// implemented. [ZMQ_VMCI_BUFFER_MIN_SIZE]
func (soc *Socket) GetVmciBufferMinSize() (uint64, error) { return soc.getUint64(86) }

// GetVmciBufferMaxSize returns an error, because the transport vmci is not
// implemented. [ZMQ_VMCI_BUFFER_MAX_SIZE]
func (soc *Socket) GetVmciBufferMaxSize() (uint64, error) { return soc.getUint64(87) }

// GetVmciConnectTimeout returns an error, because the transport vmci is not
// implemented. [ZMQ_VMCI_CONNECT_TIMEOUT]
func (soc *Socket) GetVmciConnectTimeout() (time.Duration, error) { return soc.getMillis(88) }

// Getusefd returns what [Socket.SetUseFd] has set. [ZMQ_USE_FD]
func (soc *Socket) Getusefd() (int, error) { return soc.getInt(89) }
