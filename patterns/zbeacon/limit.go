package zbeacon

import (
	"container/list"
	"net/netip"
	"time"
)

// verdict is what a limiter decides about a beacon.
type verdict int

const (
	accepted    verdict = iota
	overRate            // the source sends too many
	overSources         // too many new sources
)

// limiter bounds the accepted beacons by source address. A source that is remembered has
// a rate of its own. All others share the rate of new sources, so that a flood of forged
// addresses neither displaces the sources that are remembered nor uses their rate.
type limiter struct {
	rate       int // of one source, per second
	maxSources int
	fresh      bucket // of new sources

	sources map[netip.Addr]*list.Element // of *source
	order   list.List                    // the source that was accepted last is at the back
}

// source is a remembered source address.
type source struct {
	addr netip.Addr
	bucket
}

func newLimiter(o *Options, now time.Time) *limiter {
	return &limiter{
		rate:       o.SourceRate,
		maxSources: o.MaxSources,
		fresh:      newBucket(o.NewSourceRate, now),
		sources:    make(map[netip.Addr]*list.Element),
	}
}

// admit decides about one beacon.
func (l *limiter) admit(addr netip.Addr, now time.Time) verdict {
	if e := l.sources[addr]; e != nil {
		if !e.Value.(*source).take(now) {
			return overRate
		}
		l.order.MoveToBack(e)
		return accepted
	}
	if !l.fresh.take(now) {
		return overSources
	}
	if len(l.sources) >= l.maxSources {
		oldest := l.order.Front()
		delete(l.sources, oldest.Value.(*source).addr)
		l.order.Remove(oldest)
	}
	s := &source{addr: addr, bucket: newBucket(l.rate, now)}
	s.take(now)
	l.sources[addr] = l.order.PushBack(s)
	return accepted
}

// bucket is a token bucket that holds the tokens of one second.
type bucket struct {
	rate   float64
	tokens float64
	at     time.Time
}

func newBucket(rate int, now time.Time) bucket {
	return bucket{rate: float64(rate), tokens: float64(rate), at: now}
}

// take removes a token, if there is one.
func (b *bucket) take(now time.Time) bool {
	b.tokens = min(b.rate, b.tokens+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
