package turns

import (
	"sync"
	"testing"
)

func TestOneAtATimeHasAnIDsTurn(t *testing.T) {
	var turns Turns[string]
	var running sync.WaitGroup
	counts := map[string]*int{"a": new(int), "b": new(int)} // Not guarded by anything else: the race detector would say so.
	for range 200 {
		for id, count := range counts {
			running.Go(func() {
				defer turns.Take(id)()
				*count++
			})
		}
	}
	running.Wait()
	if *counts["a"] != 200 || *counts["b"] != 200 {
		t.Errorf("counted %d and %d, not 200 each", *counts["a"], *counts["b"])
	}
	if len(turns.held) != 0 {
		t.Errorf("%d turns are left that nobody has", len(turns.held))
	}
}

func TestAnotherIDsTurnIsFree(t *testing.T) {
	var turns Turns[int]
	done := turns.Take(1)
	turns.Take(2)() // Would wait for ever.
	done()
}

func TestBothAreTakenInWhateverOrderTheyAreNamed(t *testing.T) {
	var turns Turns[int]
	var running sync.WaitGroup
	count := 0
	for i := range 200 {
		running.Go(func() {
			a, b := 1, 2
			if i%2 == 0 {
				a, b = b, a
			}
			defer turns.TakeBoth(a, b)()
			count++
		})
	}
	running.Wait()
	turns.TakeBoth(3, 3)()
	if count != 200 || len(turns.held) != 0 {
		t.Errorf("counted %d, %d turns are left", count, len(turns.held))
	}
}
