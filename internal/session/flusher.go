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

// request has everything queued written: by the running flusher or, if none runs
// and one may start, by the caller, who becomes the flusher.
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

// looking notes that the flusher is about to look for something to write.
func (f *flusherState) looking() { *f = flusherRunning }

// rest ends the flusher, which has found nothing, unless there was a request
// since it looked.
func (f *flusherState) rest() bool {
	if *f == flusherPending {
		return false
	}
	*f = flusherIdle
	return true
}

// stop ends the flusher for good, after a failed write.
func (f *flusherState) stop() { *f = flusherStopped }
