package slots

// Sources returns the number of sources that have running or waiting calls.
func (s *Slots) Sources() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sources)
}
