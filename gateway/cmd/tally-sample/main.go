// Command tally-sample writes made-up receipts of three brands as CSV; see package sample.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/sample"
)

func main() {
	if err := command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "tally-sample:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	o := sample.Options{}
	var end, out string
	cmd := &cobra.Command{
		Use: "tally-sample [flags]", Short: "Write made-up receipts of three brands as CSV", Args: cobra.NoArgs,
		Long:         fmt.Sprintf("Writes made-up receipts of three brands as CSV: sales, returns and anonymous rows over %d days.\nThe same seed, last day and number give the same bytes.", sample.Days),
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(*cobra.Command, []string) (err error) {
			if o.End, err = lastDay(end); err != nil {
				return err
			}
			return write(out, o)
		},
	}
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "of the random numbers")
	cmd.Flags().StringVar(&end, "end", "", "last day, YYYY-MM-DD (default today, UTC)")
	cmd.Flags().IntVar(&o.Receipts, "receipts", sample.DefaultReceipts, "number of sales; returns come on top")
	cmd.Flags().StringVar(&out, "out", "-", "file to write, - for standard output")
	return cmd
}

func lastDay(text string) (quantity.Day, error) {
	if text == "" {
		return quantity.DayOf(time.Now().Unix()), nil
	}
	return quantity.ParseDay(text)
}

func write(path string, o sample.Options) error {
	if path == "-" {
		return buffered(os.Stdout, o)
	}
	f, err := os.Create(path)
	if err != nil {
		return fault.New(fault.InvalidValue, "the sample can't be written: %v", err)
	}
	if err := buffered(f, o); err != nil {
		return err
	}
	return f.Close()
}

func buffered(f io.Writer, o sample.Options) error {
	w := bufio.NewWriter(f)
	if err := sample.Write(w, o); err != nil {
		return err
	}
	return w.Flush()
}
