package socket

// unlockSendHalf gives sendMu back and keeps recvMu, and queues the pattern's
// notices in between. They go where the peers of this process write under their
// sendMu: two sockets that took each other's under their own would wait for each
// other. With recvMu held they are queued before anything is read.
func (s *Socket) unlockSendHalf() {
	if s.notifier == nil {
		s.sendMu.Unlock()
		return
	}
	notices := s.notifier.Notices()
	s.sendMu.Unlock()
	for i := range notices {
		notices[i].Queue()
	}
}
