package abuse

import (
	"sync"

	"github.com/tallystick/tallystick/chaincode/points"
)

// Bounds of what waits to be written, some seconds' worth; what comes above them is dropped, and told.
const (
	maxFindings = 4096 // Findings, and devices.
	maxCounted  = 1 << 16
)

// noticed is what a judge has noticed and is to be written down.
type noticed struct {
	findings []Finding
	devices  []usedDevice
	counted  []Counted
}

type usedDevice struct {
	account points.AccountID
	device  Known
}

func (n *noticed) empty() bool { return len(n.findings)+len(n.devices)+len(n.counted) == 0 }

// notes collect it. Adding costs a lock and no I/O.
type notes struct {
	mu sync.Mutex
	noticed
}

func (w *notes) addFinding(f Finding) (taken bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.findings, taken = within(w.findings, f, maxFindings)
	return taken
}

func (w *notes) addDevice(d usedDevice) (taken bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.devices, taken = within(w.devices, d, maxFindings)
	return taken
}

func (w *notes) addCounted(c Counted) (taken bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counted, taken = within(w.counted, c, maxCounted)
	return taken
}

func within[T any](list []T, one T, most int) ([]T, bool) {
	if len(list) >= most {
		return list, false
	}
	return append(list, one), true
}

// take gives what waits, and forgets it.
func (w *notes) take() noticed {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.noticed
	w.noticed = noticed{}
	return n
}

// giveBack puts what couldn't be written in front of what came meanwhile.
func (w *notes) giveBack(n noticed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.findings = append(n.findings, w.findings...)
	w.devices = append(n.devices, w.devices...)
	w.counted = append(n.counted, w.counted...)
}
