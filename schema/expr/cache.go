package expr

import "sync"

// cache is a bounded map that forgets what was not used for a generation: when
// the young half is full it becomes the old one, and the old one is dropped. It
// holds at most twice the limit and costs one lock for a hit.
type cache[K comparable, V any] struct {
	limit int

	mu         sync.Mutex
	young, old map[K]V
}

// get returns the value of a key, made by create where there is none. Two
// callers may create the same value at the same time; both get the one that was
// stored first.
func (c *cache[K, V]) get(key K, create func() V) V {
	if v, ok := c.find(key); ok {
		return v
	}
	v := create()
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, ok := c.young[key]; ok {
		return first
	}
	c.put(key, v)
	return v
}

func (c *cache[K, V]) find(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.young[key]; ok {
		return v, true
	}
	v, ok := c.old[key]
	if ok {
		c.put(key, v)
	}
	return v, ok
}

// set sets the value of a key and returns it.
func (c *cache[K, V]) set(key K, v V) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(key, v)
	return v
}

// put is set under the lock.
func (c *cache[K, V]) put(key K, v V) {
	if len(c.young) >= c.limit || c.young == nil {
		c.young, c.old = make(map[K]V), c.young
	}
	c.young[key] = v
}
