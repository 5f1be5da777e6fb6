package clearing

// Lanes of cross-brand batches. A pair has a fixed number of them, so that they can be read by name.
const (
	CrossLaneFirst = 1024          // Lanes below it are for batches of one programme alone.
	PairLanes      = 4             // Lanes of one submitter for one home programme of a pair.
	PairLaneCount  = 4 * PairLanes // Lanes of a pair: of two submitters, for two home programmes.
	seriesLength   = 8             // Lane numbers set aside for each submitter, counterparty and home programme.
	MaxNumber      = MaxMembers - 1
)

// LanePlace names a lane: number N of the submitter with this MSP id.
type LanePlace struct {
	MSP string `json:"msp"`
	N   int    `json:"n"`
}

// Whose programme a cross-brand batch is about.
const (
	HomeOwn   = 0 // The submitter's own.
	HomeOther = 1 // Its counterparty's.
)

// CrossLane is the number of the k-th lane of a submitter for batches with the counterparty of this admission number.
func CrossLane(counterparty, home, k int) int {
	return CrossLaneFirst + 2*seriesLength*counterparty + seriesLength*home + k
}

// CrossLanes lists all lanes of a pair.
func CrossLanes(a, b Member) []LanePlace {
	lanes := make([]LanePlace, 0, PairLaneCount)
	for _, p := range [][2]Member{{a, b}, {b, a}} {
		for _, home := range []int{HomeOwn, HomeOther} {
			for k := range PairLanes {
				lanes = append(lanes, LanePlace{MSP: p[0].MSP, N: CrossLane(p[1].Number, home, k)})
			}
		}
	}
	return lanes
}
