package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/people/keyring"
	"github.com/tallystick/tallystick/gateway/people/store"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// keyKind is one of the two sorts of keys that an operator rotates.
type keyKind struct {
	name   string
	what   string // What depends on a key.
	folder func(*config.People) string
	uses   func(vault.Progress) map[int]int
}

var (
	masterKind = keyKind{"master", "persons", func(p *config.People) string { return p.MasterKeys }, func(p vault.Progress) map[int]int { return p.Master }}
	indexKind  = keyKind{"index", "index rows", func(p *config.People) string { return p.IndexKeys }, func(p vault.Progress) map[int]int { return p.Index }}
)

// peopleCommand is for operators. None of it stops the gateway: keys are files, the running gateway finds new ones by itself and does the work, and this only looks at people.db.
func peopleCommand() *cobra.Command {
	root := &cobra.Command{
		Use: "people", Short: "Customers' data: their keys, and backups",
		Long: "Draws new keys beside the running gateway, which finds them within seconds and does the work: it wraps every person's key again, or puts every identifier into the\n" +
			"index again. `keys` says how far it is. When nothing depends on an old key, `retire-master` or `retire-index` deletes it; what it wrapped, in backups too, can't be\n" +
			"read any more then. With the gateway stopped, the work is done at its next start.",
	}
	var file string
	root.PersistentFlags().StringVar(&file, "config", "gateway.yaml", "configuration file")
	root.AddCommand(&cobra.Command{
		Use: "keys", Short: "What depends on which key", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listKeys(cmd, file) },
	})
	root.AddCommand(&cobra.Command{
		Use: "backup FILE", Short: "Copy people.db, also beside the running gateway", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return backUp(cmd, file, args[0]) },
	})
	for _, k := range []keyKind{masterKind, indexKind} {
		root.AddCommand(&cobra.Command{
			Use: "rotate-" + k.name, Short: "Draw the next " + k.name + " key", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return rotate(cmd, file, k) },
		}, &cobra.Command{
			Use: "retire-" + k.name + " VERSION", Short: "Delete a " + k.name + " key that nothing depends on", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return retire(cmd, file, k, args[0]) },
		})
	}
	return root
}

func loadPeople(file string) (*config.People, error) {
	cfg, err := config.Load(file, nil)
	if err != nil {
		return nil, err
	}
	if !cfg.People.Given() {
		return nil, fault.New(fault.InvalidValue, "the configuration has no people: this gateway keeps no customers' data")
	}
	return &cfg.People, nil
}

func backUp(cmd *cobra.Command, file, target string) error {
	p, err := loadPeople(file)
	if err != nil {
		return err
	}
	if err := sqlite.Copy(cmd.Context(), p.Database, target); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "people.db is copied to %s: keep it apart from the master keys, and not longer than the retention of backups says\n", target)
	return nil
}

func rotate(cmd *cobra.Command, file string, k keyKind) error {
	p, err := loadPeople(file)
	if err != nil {
		return err
	}
	known, err := highestIn(cmd, p, k)
	if err != nil {
		return err
	}
	version, err := keyring.DrawAbove(k.folder(p), known)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s key %d is drawn: back it up now, apart from people.db. The gateway uses it within seconds; `people keys` shows the progress.\n", k.name, version)
	return nil
}

// highestIn is the highest version of a key on which anything in people.db depends; 0 before there is a database.
func highestIn(cmd *cobra.Command, p *config.People, k keyKind) (int, error) {
	progress, err := progressOf(cmd, p)
	if fault.CodeOf(err) == fault.NotFound {
		return 0, nil
	}
	highest := 0
	for version := range k.uses(progress) {
		highest = max(highest, version)
	}
	return highest, err
}

func listKeys(cmd *cobra.Command, file string) error {
	p, err := loadPeople(file)
	if err != nil {
		return err
	}
	progress, err := progressOf(cmd, p)
	if err != nil {
		return err
	}
	for _, k := range []keyKind{masterKind, indexKind} {
		if err := printKeys(cmd.OutOrStdout(), k, k.folder(p), k.uses(progress)); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "changes under way: %d\n", progress.Changes)
	return nil
}

func progressOf(cmd *cobra.Command, p *config.People) (progress vault.Progress, err error) {
	db, err := store.OpenReadOnly(p.Database)
	if err != nil {
		return progress, err
	}
	defer func() {
		if closing := db.Close(); err == nil {
			err = closing
		}
	}()
	return vault.ProgressOf(cmd.Context(), db)
}

func printKeys(out io.Writer, k keyKind, folder string, uses map[int]int) error {
	ring, err := keyring.Open(folder)
	if err != nil {
		return err
	}
	versions := ring.Versions()
	for i, version := range versions {
		state := "in use"
		switch {
		case i > 0 && uses[version] == 0:
			state = "can be retired"
		case i > 0:
			state = "is being replaced"
		}
		fmt.Fprintf(out, "%s key %d: %d %s, %s\n", k.name, version, uses[version], k.what, state)
	}
	for _, version := range slices.Sorted(maps.Keys(uses)) {
		if !slices.Contains(versions, version) {
			return fault.New(fault.StateCorrupt, "%s key %d is missing and %d %s depend on it: put its file back", k.name, version, uses[version], k.what)
		}
	}
	return nil
}

func retire(cmd *cobra.Command, file string, k keyKind, argument string) error {
	version, err := strconv.Atoi(argument)
	if err != nil {
		return fault.New(fault.InvalidValue, "a key's version is a number")
	}
	p, err := loadPeople(file)
	if err != nil {
		return err
	}
	progress, err := progressOf(cmd, p)
	if err != nil {
		return err
	}
	if n := k.uses(progress)[version]; n > 0 {
		return fault.New(fault.NotReady, "%d %s still depend on %s key %d: the gateway has to run until they don't", n, k.what, k.name, version)
	}
	if err := keyring.Delete(k.folder(p), version); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s key %d is deleted: delete its backups too\n", k.name, version)
	return nil
}
