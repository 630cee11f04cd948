package mechanism

// afterVerdict returns the state of type S that follows a verdict, and the error
// of Resume. All mechanisms use it, so none of them continues after a verdict
// that does not accept the peer. A temporary failure sends the peer no ERROR,
// because an ERROR makes libzmq stop reconnecting.
func afterVerdict[S any](v Verdict, accepted, sendError, refused S) (S, error) {
	switch v.Status {
	case StatusAccepted:
		return accepted, nil
	case StatusTemporary:
		return refused, &RefusedError{v.Status}
	}
	return sendError, &RefusedError{v.Status}
}
