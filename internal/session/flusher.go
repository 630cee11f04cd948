package session

// flusherState is the state of the goroutine that writes to a connection or
// sends datagrams. There is at most one for each, and none while there is
// nothing to write. The lock of its owner guards it.
type flusherState uint8

const (
	flusherIdle    flusherState = iota // no flusher runs
	flusherRunning                     // a flusher runs
	flusherPending                     // a flusher runs, and must look once more before it ends
	flusherStopped                     // writing has failed: no flusher runs, and none may start
)

// request asks for everything queued to be written. A running flusher does
// that. If none runs and one may start, request returns true, and the caller
// must run or start the flusher.
func (f *flusherState) request(mayStart bool) (start bool) {
	switch *f {
	case flusherRunning:
		*f = flusherPending
	case flusherIdle:
		if mayStart {
			*f = flusherRunning
			return true
		}
	}
	return false
}

// looking marks all earlier requests as handled. The flusher calls it before it
// checks the queues.
func (f *flusherState) looking() { *f = flusherRunning }

// becomeIdle sets the state to flusherIdle and returns true: the flusher has
// found nothing to write and must return. If there was a request since the last
// call of looking, becomeIdle returns false, and the flusher must check the
// queues again.
func (f *flusherState) becomeIdle() bool {
	if *f == flusherPending {
		return false
	}
	*f = flusherIdle
	return true
}

// stop ends the flusher for good, after a failed write.
func (f *flusherState) stop() { *f = flusherStopped }
