package clearing_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
)

func TestCrossLanesOfDifferentPairsNeverMeet(t *testing.T) {
	owner := map[clearing.LanePlace][2]int{}
	members := make([]clearing.Member, clearing.MaxMembers)
	for i := range members {
		members[i] = clearing.Member{MSP: string(rune('A'+i%26)) + string(rune('A'+i/26)), Number: i}
	}
	for i := range members {
		for j := i + 1; j < len(members); j++ {
			places := clearing.CrossLanes(members[i], members[j])
			if len(places) != 4*clearing.PairLanes {
				t.Fatalf("a pair has %d lanes", len(places))
			}
			for _, p := range places {
				if other, taken := owner[p]; taken {
					t.Fatalf("lane %+v belongs to %v and to %v", p, other, [2]int{i, j})
				}
				owner[p] = [2]int{i, j}
				if p.N < clearing.CrossLaneFirst || p.N > 4095 {
					t.Fatalf("lane %d is a home lane, or none", p.N)
				}
			}
		}
	}
}

func TestCrossLaneNumbersAreFixed(t *testing.T) {
	for want, got := range map[int]int{
		1024: clearing.CrossLane(0, clearing.HomeOwn, 0),
		1035: clearing.CrossLane(0, clearing.HomeOther, 3),
		1040: clearing.CrossLane(1, clearing.HomeOwn, 0),
		2619: clearing.CrossLane(99, clearing.HomeOther, 3),
	} {
		if got != want {
			t.Errorf("lane is %d, want %d", got, want)
		}
	}
}
