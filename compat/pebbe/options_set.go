package zmq4

import "time"

// SetSndhwm sets the high-water mark of messages to each peer; 0 is unlimited.
// Default 1000. [ZMQ_SNDHWM]
func (soc *Socket) SetSndhwm(value int) error { return soc.setInt(23, value) }

// SetRcvhwm sets the high-water mark of messages from each peer; 0 is
// unlimited. Default 1000. [ZMQ_RCVHWM]
func (soc *Socket) SetRcvhwm(value int) error { return soc.setInt(24, value) }

// SetAffinity sets which of libzmq's threads serve the socket. It is stored and
// has no effect: the Go scheduler owns the threads. [ZMQ_AFFINITY]
func (soc *Socket) SetAffinity(value uint64) error { return soc.setUint64(4, value) }

// SetSubscribe adds a prefix of messages that a SUB receives, in addition to
// others; a manual XPUB subscribes the peer whose subscription it has received
// last. [ZMQ_SUBSCRIBE]
func (soc *Socket) SetSubscribe(value string) error { return soc.setText(6, value) }

// SetUnsubscribe removes a prefix that a SUB no longer receives, the reverse of
// [Socket.SetSubscribe]. [ZMQ_UNSUBSCRIBE]
func (soc *Socket) SetUnsubscribe(value string) error { return soc.setText(7, value) }

// SetIdentity sets the routing ID of the socket: 1 to 255 bytes, of which the
// first is not zero. [ZMQ_ROUTING_ID]
func (soc *Socket) SetIdentity(value string) error { return soc.setText(5, value) }

// SetRate sets the rate of the transport pgm. It is stored and has no effect,
// because pgm is not implemented. [ZMQ_RATE]
func (soc *Socket) SetRate(value int) error { return soc.setInt(8, value) }

// SetRecoveryIvl sets the recovery interval of the transport pgm. It is stored
// and has no effect, because pgm is not implemented. [ZMQ_RECOVERY_IVL]
func (soc *Socket) SetRecoveryIvl(value time.Duration) error { return soc.setMillis(9, value) }

// SetSndbuf sets the size of the system's buffer for sent data in bytes; -1 is
// the system's default. [ZMQ_SNDBUF]
func (soc *Socket) SetSndbuf(value int) error { return soc.setInt(11, value) }

// SetRcvbuf sets the size of the system's buffer for received data in bytes; -1
// is the system's default. [ZMQ_RCVBUF]
func (soc *Socket) SetRcvbuf(value int) error { return soc.setInt(12, value) }

// SetLinger sets how long messages are written after [Socket.Close]; -1 is
// without limit, the default, and 0 discards them. [ZMQ_LINGER]
func (soc *Socket) SetLinger(value time.Duration) error { return soc.setMillisOrInfinite(17, value) }

// SetReconnectIvl sets the time before a connection is made again; -1 is never.
// Default 100 ms. [ZMQ_RECONNECT_IVL]
func (soc *Socket) SetReconnectIvl(value time.Duration) error {
	return soc.setMillisOrInfinite(18, value)
}

// SetReconnectIvlMax sets the time to which the reconnection interval grows; 0,
// the default, keeps it constant. [ZMQ_RECONNECT_IVL_MAX]
func (soc *Socket) SetReconnectIvlMax(value time.Duration) error { return soc.setMillis(21, value) }

// SetBacklog sets how many connections the system queues until they are
// accepted. Default 100. [ZMQ_BACKLOG]
func (soc *Socket) SetBacklog(value int) error { return soc.setInt(19, value) }

// SetMaxmsgsize sets the largest part of a message that a peer may send, in
// bytes; -1, the default, is unlimited. [ZMQ_MAXMSGSIZE]
func (soc *Socket) SetMaxmsgsize(value int64) error { return soc.setInt64(22, value) }

// SetMulticastHops sets the time-to-live of multicast packets. No socket type
// of this package uses multicast. [ZMQ_MULTICAST_HOPS]
func (soc *Socket) SetMulticastHops(value int) error { return soc.setInt(25, value) }

// SetRcvtimeo sets how long a call waits for a message before it returns
// EAGAIN; -1, the default, is without limit. [ZMQ_RCVTIMEO]
func (soc *Socket) SetRcvtimeo(value time.Duration) error { return soc.setMillisOrInfinite(27, value) }

// SetSndtimeo sets how long a call waits to send before it returns EAGAIN; -1,
// the default, is without limit. [ZMQ_SNDTIMEO]
func (soc *Socket) SetSndtimeo(value time.Duration) error { return soc.setMillisOrInfinite(28, value) }

// SetIpv6 sets whether the socket uses IPv6 in addition to IPv4. Default that
// of the context. [ZMQ_IPV6]
func (soc *Socket) SetIpv6(value bool) error { return soc.setBool(42, value) }

// SetImmediate sets whether messages are queued only for completed connections.
// Default false. [ZMQ_IMMEDIATE]
func (soc *Socket) SetImmediate(value bool) error { return soc.setBool(39, value) }

// SetRouterMandatory sets with 1 that a ROUTER returns EHOSTUNREACH for a
// message to an unknown peer, and waits or returns EAGAIN if the queue of the
// peer is full; with 0, the default, it drops such messages.
// [ZMQ_ROUTER_MANDATORY]
func (soc *Socket) SetRouterMandatory(value int) error { return soc.setInt(33, value) }

// SetRouterRaw sets with 1 that a ROUTER exchanges bytes with TCP peers, as a
// STREAM does. It must be set before the first other use of the socket.
// [ZMQ_ROUTER_RAW]
func (soc *Socket) SetRouterRaw(value int) error { return soc.setInt(41, value) }

// SetProbeRouter sets with 1 that each new peer receives an empty message.
// [ZMQ_PROBE_ROUTER]
func (soc *Socket) SetProbeRouter(value int) error { return soc.setInt(51, value) }

// SetXpubVerbose sets with 1 that an XPUB receives every subscription, and not
// only the first to a topic. [ZMQ_XPUB_VERBOSE]
func (soc *Socket) SetXpubVerbose(value int) error { return soc.setInt(40, value) }

// SetReqCorrelate sets with 1 that a REQ matches replies to requests by a
// number. [ZMQ_REQ_CORRELATE]
func (soc *Socket) SetReqCorrelate(value int) error { return soc.setInt(52, value) }

// SetReqRelaxed sets with 1 that a REQ may send again before it has received a
// reply. [ZMQ_REQ_RELAXED]
func (soc *Socket) SetReqRelaxed(value int) error { return soc.setInt(53, value) }

// SetTcpKeepalive sets whether the system probes idle connections: 1, 0, or -1
// for the system's default. [ZMQ_TCP_KEEPALIVE]
func (soc *Socket) SetTcpKeepalive(value int) error { return soc.setInt(34, value) }

// SetTcpKeepaliveIdle sets the seconds before the first probe; -1 is the
// system's default. [ZMQ_TCP_KEEPALIVE_IDLE]
func (soc *Socket) SetTcpKeepaliveIdle(value int) error { return soc.setInt(36, value) }

// SetTcpKeepaliveCnt sets the number of probes before a connection is lost; -1
// is the system's default. [ZMQ_TCP_KEEPALIVE_CNT]
func (soc *Socket) SetTcpKeepaliveCnt(value int) error { return soc.setInt(35, value) }

// SetTcpKeepaliveIntvl sets the seconds between probes; -1 is the system's
// default. [ZMQ_TCP_KEEPALIVE_INTVL]
func (soc *Socket) SetTcpKeepaliveIntvl(value int) error { return soc.setInt(37, value) }

// SetTcpAcceptFilter adds a network from which TCP connections are accepted, in
// addition to others; an empty text removes all, so that every connection is
// accepted. [ZMQ_TCP_ACCEPT_FILTER]
func (soc *Socket) SetTcpAcceptFilter(value string) error { return soc.setOrClear(38, value) }

// SetPlainServer sets with 1 that the socket is a server of PLAIN.
// [ZMQ_PLAIN_SERVER]
func (soc *Socket) SetPlainServer(value int) error { return soc.setInt(44, value) }

// SetPlainUsername sets the user name of a client of PLAIN; an empty text
// selects NULL. [ZMQ_PLAIN_USERNAME]
func (soc *Socket) SetPlainUsername(value string) error { return soc.setOrClear(45, value) }

// SetPlainPassword sets the password of a client of PLAIN; an empty text
// selects NULL. [ZMQ_PLAIN_PASSWORD]
func (soc *Socket) SetPlainPassword(value string) error { return soc.setOrClear(46, value) }

// SetCurveServer sets with 1 that the socket is a server of CURVE.
// [ZMQ_CURVE_SERVER]
func (soc *Socket) SetCurveServer(value int) error { return soc.setInt(47, value) }

// SetCurvePublickey sets the public key of the socket: 32 bytes, or 40
// characters of Z85. [ZMQ_CURVE_PUBLICKEY]
func (soc *Socket) SetCurvePublickey(value string) error { return soc.setText(48, value) }

// SetCurveSecretkey sets the secret key of the socket: 32 bytes, or 40
// characters of Z85. [ZMQ_CURVE_SECRETKEY]
func (soc *Socket) SetCurveSecretkey(value string) error { return soc.setText(49, value) }

// SetCurveServerkey sets the public key of the server of a client: 32 bytes, or
// 40 characters of Z85. [ZMQ_CURVE_SERVERKEY]
func (soc *Socket) SetCurveServerkey(value string) error { return soc.setText(50, value) }

// SetZapDomain sets the domain in the requests to the ZAP handler.
// [ZMQ_ZAP_DOMAIN]
func (soc *Socket) SetZapDomain(value string) error { return soc.setText(55, value) }

// SetConflate sets whether each queue keeps only the newest message. Default
// false. [ZMQ_CONFLATE]
func (soc *Socket) SetConflate(value bool) error { return soc.setBool(54, value) }

// SetRouterHandover sets whether a new peer of a ROUTER takes over the routing
// ID of another one. Default false. [ZMQ_ROUTER_HANDOVER]
func (soc *Socket) SetRouterHandover(value bool) error { return soc.setBool(56, value) }

// SetTos sets the type-of-service byte of IP packets. [ZMQ_TOS]
func (soc *Socket) SetTos(value int) error { return soc.setInt(57, value) }

// SetConnectRid sets the routing ID of the peer of the next [Socket.Connect] of
// a ROUTER or STREAM. [ZMQ_CONNECT_ROUTING_ID]
func (soc *Socket) SetConnectRid(value string) error { return soc.setOrClear(61, value) }

// SetGssapiServer sets the role for GSSAPI. It returns an error, because GSSAPI
// is not implemented. [ZMQ_GSSAPI_SERVER]
func (soc *Socket) SetGssapiServer(value bool) error { return soc.setBool(62, value) }

// SetGssapiPrincipal sets the principal for GSSAPI. It returns an error,
// because GSSAPI is not implemented. [ZMQ_GSSAPI_PRINCIPAL]
func (soc *Socket) SetGssapiPrincipal(value string) error { return soc.setText(63, value) }

// SetGssapiServicePrincipal sets the principal of the server for GSSAPI. It
// returns an error, because GSSAPI is not implemented.
// [ZMQ_GSSAPI_SERVICE_PRINCIPAL]
func (soc *Socket) SetGssapiServicePrincipal(value string) error { return soc.setText(64, value) }

// SetGssapiPlaintext sets whether GSSAPI does not encrypt. It returns an error,
// because GSSAPI is not implemented. [ZMQ_GSSAPI_PLAINTEXT]
func (soc *Socket) SetGssapiPlaintext(value bool) error { return soc.setBool(65, value) }

// SetHandshakeIvl sets the maximum duration of a handshake; 0 is without limit.
// Default 30 s. [ZMQ_HANDSHAKE_IVL]
func (soc *Socket) SetHandshakeIvl(value time.Duration) error { return soc.setMillis(66, value) }

// SetSocksProxy sets the address of a SOCKS5 proxy for TCP connections; an
// empty text is none. [ZMQ_SOCKS_PROXY]
func (soc *Socket) SetSocksProxy(value string) error { return soc.setOrClear(68, value) }

// SetXpubNodrop sets whether a PUB or XPUB waits, or returns EAGAIN, instead of
// dropping messages for subscribers whose queues are full. Default false.
// [ZMQ_XPUB_NODROP]
func (soc *Socket) SetXpubNodrop(value bool) error { return soc.setBool(69, value) }

// SetXpubManual sets with 1 that subscriptions of peers have no effect until
// [Socket.SetSubscribe]. [ZMQ_XPUB_MANUAL]
func (soc *Socket) SetXpubManual(value int) error { return soc.setInt(71, value) }

// SetXpubWelcomeMsg sets a message for each new subscriber; an empty text is
// none. [ZMQ_XPUB_WELCOME_MSG]
func (soc *Socket) SetXpubWelcomeMsg(value string) error { return soc.setOrClear(72, value) }

// SetStreamNotify sets with 1, the default, that a STREAM receives an empty
// message when a connection begins and ends. [ZMQ_STREAM_NOTIFY]
func (soc *Socket) SetStreamNotify(value int) error { return soc.setInt(73, value) }

// SetInvertMatching sets with 1 that messages are received that match no
// subscription. [ZMQ_INVERT_MATCHING]
func (soc *Socket) SetInvertMatching(value int) error { return soc.setInt(74, value) }

// SetHeartbeatIvl sets the time between two PINGs; 0, the default, sends none.
// [ZMQ_HEARTBEAT_IVL]
func (soc *Socket) SetHeartbeatIvl(value time.Duration) error { return soc.setMillis(75, value) }

// SetHeartbeatTtl sets how long the peer waits for the next command before it
// closes the connection, in steps of 100 ms; 0 is without limit.
// [ZMQ_HEARTBEAT_TTL]
func (soc *Socket) SetHeartbeatTtl(value time.Duration) error { return soc.setMillis(76, value) }

// SetHeartbeatTimeout sets how long the socket waits for the answer to a PING.
// Default the interval. [ZMQ_HEARTBEAT_TIMEOUT]
func (soc *Socket) SetHeartbeatTimeout(value time.Duration) error { return soc.setMillis(77, value) }

// SetXpubVerboser sets with 1 that an XPUB receives every subscription and
// every cancellation. [ZMQ_XPUB_VERBOSER]
func (soc *Socket) SetXpubVerboser(value int) error { return soc.setInt(78, value) }

// SetConnectTimeout sets the maximum duration of an attempt to connect; 0 is
// the system's default. [ZMQ_CONNECT_TIMEOUT]
func (soc *Socket) SetConnectTimeout(value time.Duration) error { return soc.setMillis(79, value) }

// SetTcpMaxrt sets how long TCP retransmits before a connection is lost; 0 is
// the system's default. [ZMQ_TCP_MAXRT]
func (soc *Socket) SetTcpMaxrt(value time.Duration) error { return soc.setMillis(80, value) }

// SetMulticastMaxtpdu sets the size of multicast packets. It is stored and has
// no effect, because pgm is not implemented. [ZMQ_MULTICAST_MAXTPDU]
func (soc *Socket) SetMulticastMaxtpdu(value int) error { return soc.setInt(84, value) }

// SetVmciBufferSize sets a buffer of VMCI. It returns an error, because the
// transport vmci is not implemented. [ZMQ_VMCI_BUFFER_SIZE]
func (soc *Socket) SetVmciBufferSize(value uint64) error { return soc.setUint64(85, value) }

// SetVmciBufferMinSize sets a buffer of VMCI. It returns an error, because the
// transport vmci is not implemented. [ZMQ_VMCI_BUFFER_MIN_SIZE]
func (soc *Socket) SetVmciBufferMinSize(value uint64) error { return soc.setUint64(86, value) }

// SetVmciBufferMaxSize sets a buffer of VMCI. It returns an error, because the
// transport vmci is not implemented. [ZMQ_VMCI_BUFFER_MAX_SIZE]
func (soc *Socket) SetVmciBufferMaxSize(value uint64) error { return soc.setUint64(87, value) }

// SetVmciConnectTimeout sets a timeout of VMCI. It returns an error, because
// the transport vmci is not implemented. [ZMQ_VMCI_CONNECT_TIMEOUT]
func (soc *Socket) SetVmciConnectTimeout(value time.Duration) error { return soc.setMillis(88, value) }

// SetUseFd sets a listening descriptor that the next [Socket.Bind] of tcp or
// ipc takes over; -1 is none. [ZMQ_USE_FD]
func (soc *Socket) SetUseFd(value int) error { return soc.setInt(89, value) }
