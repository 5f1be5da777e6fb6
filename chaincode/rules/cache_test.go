package rules

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

func TestCacheCompilesEachSetOnce(t *testing.T) {
	var c Cache
	compiled := 0
	compile := func() (*Program, error) { compiled++; return &Program{}, nil }
	first, err := c.Program("a", compile)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Program("a", compile)
	if err != nil || again != first || compiled != 1 {
		t.Errorf("compiled %d times, the same program: %v, %v", compiled, again == first, err)
	}
	if other, _ := c.Program("b", compile); other == first {
		t.Error("two sets share a program")
	}
}

func TestCacheKeepsNoFailure(t *testing.T) {
	var c Cache
	bad := errors.New("bad")
	if _, err := c.Program("a", func() (*Program, error) { return nil, bad }); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
	if p, err := c.Program("a", func() (*Program, error) { return &Program{}, nil }); p == nil || err != nil {
		t.Errorf("got %v, %v", p, err)
	}
}

func TestCacheIsBoundedAndSharedSafely(t *testing.T) {
	var c Cache
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 3 * maxCached {
				if _, err := c.Program(fmt.Sprint(worker, i), func() (*Program, error) { return &Program{}, nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(c.programs) > maxCached {
		t.Errorf("%d programs are kept", len(c.programs))
	}
}

func TestNoCacheCompilesEveryTime(t *testing.T) {
	var c *Cache
	compiled := 0
	for range 2 {
		if _, err := c.Program("a", func() (*Program, error) { compiled++; return &Program{}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if compiled != 2 {
		t.Errorf("compiled %d times", compiled)
	}
}
