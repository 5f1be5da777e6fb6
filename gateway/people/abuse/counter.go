package abuse

import "github.com/tallystick/tallystick/chaincode/quantity"

// slots is how many parts a window is counted in: the oldest part falls out as a whole, so that a window is up to a twelfth longer than asked for, never shorter.
const slots = 12

// counter counts operations and points of one subject under one rule, in a window that slides. Its sums are kept, so that a look touches little memory.
type counter struct {
	now    int64 // Number of the newest part.
	count  int64
	points quantity.Points
	parts  [slots + 1]part
}

type part struct {
	count  int64
	points quantity.Points
}

// with gives what the window has at a time (Unix seconds) together with one more operation of n points. A time before the newest part counts as that.
func (c *counter) with(at, window int64, n quantity.Points) (count int64, sum quantity.Points) {
	c.slide(at / width(window))
	return c.count + 1, saturated(c.points, n)
}

// add counts an operation at a time.
func (c *counter) add(at, window int64, n quantity.Points) {
	c.slide(at / width(window))
	p := &c.parts[c.now%(slots+1)]
	grown := saturated(c.points, n)
	c.count++
	p.count++
	p.points += grown - c.points
	c.points = grown
}

// slide lets fall out what is older than the window.
func (c *counter) slide(now int64) {
	if now-c.now > slots {
		*c = counter{now: now}
		return
	}
	for c.now < now {
		c.now++
		p := &c.parts[c.now%(slots+1)]
		c.count -= p.count
		c.points -= p.points
		*p = part{}
	}
}

func width(window int64) int64 { return max(window/slots, 1) }

func saturated(a, b quantity.Points) quantity.Points {
	sum, err := a.Add(b)
	if err != nil {
		return quantity.MaxPoints
	}
	return sum
}
