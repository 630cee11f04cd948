package transport

// peerPID returns 0: the Xucred of package unix has no process ID.
func peerPID(int) (int, error) { return 0, nil }
