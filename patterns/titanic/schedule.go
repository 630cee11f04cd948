package titanic

import (
	"slices"
	"time"
)

// schedule decides which requests are executed, as a state machine: requests of a service
// wait until a check has found a worker, and after a failure.
type schedule struct {
	retry   time.Duration // between two checks of a service, and after a failure
	max     int           // requests that are executed at a time
	running int

	services map[string]*target
	waiting  map[ID]*target
}

// target is a service with requests that wait.
type target struct {
	name     string
	queue    []ID // requests in the order of arrival; those that are not in schedule.waiting were removed
	n        int  // requests in queue that were not removed
	next     time.Time
	checking bool
}

func newSchedule(retry time.Duration, max int) schedule {
	return schedule{retry: retry, max: max, services: make(map[string]*target), waiting: make(map[ID]*target)}
}

// add adds a request that waits.
func (s *schedule) add(service string, id ID) {
	t := s.services[service]
	if t == nil {
		t = &target{name: service}
		s.services[service] = t
	}
	t.queue = append(t.queue, id)
	t.n++
	s.waiting[id] = t
}

// remove removes a request, if it waits.
func (s *schedule) remove(id ID) {
	t := s.waiting[id]
	if t == nil {
		return
	}
	delete(s.waiting, id)
	t.n--
	if len(t.queue) > 2*t.n+64 {
		t.queue = slices.DeleteFunc(t.queue, func(id ID) bool { return s.waiting[id] != t })
	}
	s.tidy(t)
}

// tidy forgets a service without requests.
func (s *schedule) tidy(t *target) {
	if t.n == 0 && !t.checking {
		delete(s.services, t.name)
	}
}

// due returns the services to check now.
func (s *schedule) due(now time.Time) (services []string) {
	if s.running >= s.max {
		return nil
	}
	for name, t := range s.services {
		if !t.checking && !now.Before(t.next) {
			t.checking = true
			services = append(services, name)
		}
	}
	return services
}

// checked records the result of a check, and returns the requests to execute.
func (s *schedule) checked(now time.Time, service string, available bool) (ids []ID) {
	t := s.services[service]
	t.checking = false
	if !available {
		t.next = now.Add(s.retry)
	}
	for available && s.running < s.max && t.n > 0 {
		id := t.queue[0]
		t.queue = t.queue[1:]
		if s.waiting[id] != t {
			continue
		}
		delete(s.waiting, id)
		t.n--
		s.running++
		ids = append(ids, id)
	}
	s.tidy(t)
	return ids
}

// done records the end of the execution of a request. If it failed, the request waits again.
func (s *schedule) done(now time.Time, service string, id ID, failed bool) {
	s.running--
	if failed {
		s.add(service, id)
		s.services[service].next = now.Add(s.retry)
	}
}
