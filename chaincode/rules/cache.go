package rules

import "sync"

// maxCached is how many programs a cache keeps before it begins anew: more than the programmes of a consortium have in force at once.
const maxCached = 64

// Cache keeps compiled programs by the hash of their sets, so that a set is compiled once and not for every batch. What it answers doesn't depend on what it keeps.
// Its zero value is ready; it may be shared between goroutines.
type Cache struct {
	mu       sync.Mutex
	programs map[string]*Program
}

// Program returns the program of the set with this hash, compiling it when it isn't kept. A nil cache keeps nothing.
func (c *Cache) Program(hash string, compile func() (*Program, error)) (*Program, error) {
	if c == nil {
		return compile()
	}
	if known := c.find(hash); known != nil {
		return known, nil
	}
	program, err := compile()
	if err != nil {
		return nil, err
	}
	c.keep(hash, program)
	return program, nil
}

func (c *Cache) find(hash string) *Program {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.programs[hash]
}

func (c *Cache) keep(hash string, program *Program) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.programs == nil || len(c.programs) >= maxCached {
		c.programs = make(map[string]*Program)
	}
	c.programs[hash] = program
}
