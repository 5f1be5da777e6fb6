package store

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/tallystick/tallystick/chaincode/points"
)

// childDatabase names the database for the process that TestAKilledProcess... starts and kills.
const childDatabase = "TALLY_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childDatabase); path != "" {
		writeUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

func open(t *testing.T) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "gateway.db"))
}

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func count(t *testing.T, s *Store, table string) int {
	t.Helper()
	var n int
	if err := s.Reader().QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func insertLookup(name string) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO lookups (lookup, account, operation) VALUES (?, 'a', 'o')`, name)
		return err
	}
}

func TestAWriteIsSeenByReadersWhenItReturns(t *testing.T) {
	s := open(t)
	if err := s.Write(context.Background(), insertLookup("x")); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "lookups"); n != 1 {
		t.Errorf("%d rows are there, want 1", n)
	}
}

// writeUntilKilled accepts operations for ever and says after each that it is durable.
func writeUntilKilled(path string) {
	s, err := Open(context.Background(), path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		if _, err := s.AcceptOperations(context.Background(), 1, []NewOperation{operation(i)}, func([]Admission) {}, func() {}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(i)
	}
}

func TestAKilledProcessLosesNothingThatItReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.db")
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childDatabase+"="+path)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	last := -1
	for last < 25 {
		if _, err := fmt.Fscanln(out, &last); err != nil {
			t.Fatal(err)
		}
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := fmt.Fscanln(out, &last); err != nil {
			break
		}
	}
	_ = command.Wait()
	s := openAt(t, path)
	for i := range last + 1 {
		if _, err := s.Operation(context.Background(), operation(i).ID); err != nil {
			t.Errorf("operation %d of %d is lost: %v", i, last, err)
		}
	}
}

func operation(i int) NewOperation {
	id := fmt.Sprintf("%032x", i)
	return NewOperation{
		ID: points.OperationID(id), Kind: points.KindEarn, Programme: "airline", Account: points.AccountID(id), Natural: "n" + id, Idempotency: "i" + id, Request: "r" + id,
		Document: []byte("{}"), Details: []byte("{}"),
	}
}
