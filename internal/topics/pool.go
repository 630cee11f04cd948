package topics

import "math/bits"

// pool stores values under numbers greater than 0. It allocates them in small
// chunks and releases a chunk when its last value is freed.
type pool[T any] struct {
	chunks  []*chunk[T] // nil: all its items are free; index 0 is not used
	partial []uint32    // indices of the chunks with free items
	n       int
}

const chunkSize = 8

type chunk[T any] struct {
	used uint8 // one bit for each item
	item [chunkSize]T
}

// at returns the value with number id. The pointer is valid until the value is
// freed.
func (p *pool[T]) at(id uint32) *T {
	return &p.chunks[id/chunkSize].item[id%chunkSize]
}

// add stores a value and returns its number.
func (p *pool[T]) add(v T) uint32 {
	if len(p.chunks) == 0 {
		p.chunks = append(p.chunks, nil)
	}
	if len(p.partial) == 0 {
		p.partial = append(p.partial, uint32(len(p.chunks)))
		p.chunks = append(p.chunks, nil)
	}
	last := len(p.partial) - 1
	i := p.partial[last]
	if p.chunks[i] == nil {
		p.chunks[i] = new(chunk[T])
	}
	c := p.chunks[i]
	j := bits.TrailingZeros8(^c.used)
	c.item[j] = v
	if c.used |= 1 << j; c.used == 1<<chunkSize-1 {
		p.partial = p.partial[:last]
	}
	p.n++
	return i*chunkSize + uint32(j)
}

// free removes a value.
func (p *pool[T]) free(id uint32) {
	if p.n--; p.n == 0 {
		*p = pool[T]{}
		return
	}
	i, j := id/chunkSize, id%chunkSize
	c := p.chunks[i]
	if c.used == 1<<chunkSize-1 {
		p.partial = append(p.partial, i)
	}
	var zero T
	c.item[j] = zero
	if c.used &^= 1 << j; c.used == 0 {
		p.chunks[i] = nil
	}
}
