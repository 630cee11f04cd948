package pattern

import "math/bits"

// topicPool hands out values by number, which is never 0. They lie in small
// chunks, and a chunk in which nothing is left is given back.
type topicPool[T any] struct {
	chunks []*topicChunk[T] // nil if unused; the first is always
	room   []uint32         // indices of all others that are not full
	n      int
}

const poolChunk = 8

type topicChunk[T any] struct {
	used uint8 // a bit for each item
	item [poolChunk]T
}

// at returns a value, valid until it is freed.
func (p *topicPool[T]) at(id uint32) *T {
	return &p.chunks[id/poolChunk].item[id%poolChunk]
}

// add stores a value and returns its number.
func (p *topicPool[T]) add(v T) uint32 {
	if len(p.chunks) == 0 {
		p.chunks = append(p.chunks, nil)
	}
	if len(p.room) == 0 {
		p.room = append(p.room, uint32(len(p.chunks)))
		p.chunks = append(p.chunks, nil)
	}
	last := len(p.room) - 1
	i := p.room[last]
	if p.chunks[i] == nil {
		p.chunks[i] = new(topicChunk[T])
	}
	c := p.chunks[i]
	j := bits.TrailingZeros8(^c.used)
	c.item[j] = v
	if c.used |= 1 << j; c.used == 1<<poolChunk-1 {
		p.room = p.room[:last]
	}
	p.n++
	return i*poolChunk + uint32(j)
}

// free forgets a value.
func (p *topicPool[T]) free(id uint32) {
	if p.n--; p.n == 0 {
		*p = topicPool[T]{}
		return
	}
	i, j := id/poolChunk, id%poolChunk
	c := p.chunks[i]
	if c.used == 1<<poolChunk-1 {
		p.room = append(p.room, i)
	}
	var zero T
	c.item[j] = zero
	if c.used &^= 1 << j; c.used == 0 {
		p.chunks[i] = nil
	}
}
