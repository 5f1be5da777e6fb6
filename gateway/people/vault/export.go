package vault

import (
	"context"
	"sort"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// ExportFormat is the version of an export's form.
const ExportFormat = 1

// Export is everything that the brand's gateway keeps about one person.
type Export struct {
	Format     int            `json:"format"`
	Brand      string         `json:"brand"`
	Person     PersonID       `json:"person"`
	CreatedAt  int64          `json:"createdAt"` // Unix milliseconds, as all times here.
	ExportedAt int64          `json:"exportedAt"`
	Attributes []Attribute    `json:"attributes"`
	Accounts   []Link         `json:"accounts"`
	AccessLog  []Accessed     `json:"accessLog"` // Oldest first.
	Sections   map[string]any `json:"sections"`  // Of other packages, by their names.
}

// Exporter adds a section to exports. A Companion is one.
type Exporter interface {
	// Name is the section's.
	Name() string
	// Export gives everything about a person, to be encoded as JSON; nothing secret in it.
	Export(ctx context.Context, person PersonID) (any, error)
}

// Export gathers everything about a person. It is a read of all values, and logged as one.
func (v *Vault) Export(ctx context.Context, id PersonID, access Access) (*Export, error) {
	if err := access.valid(); err != nil {
		return nil, err
	}
	h, err := v.holder(ctx, id)
	if err != nil {
		return nil, err
	}
	e := &Export{Format: ExportFormat, Brand: v.Brand, Person: h.id, CreatedAt: h.createdAt, ExportedAt: v.now(), Sections: map[string]any{}}
	if e.Attributes, err = v.read(ctx, h, nil); err != nil {
		return nil, err
	}
	if err := v.Record(ctx, h.id, Exporting, access, namesOf(e.Attributes)); err != nil {
		return nil, err
	}
	if e.Accounts, err = v.Accounts(ctx, h.id); err != nil {
		return nil, err
	}
	if e.AccessLog, err = v.wholeLog(ctx, h.id); err != nil {
		return nil, err
	}
	for _, x := range v.exporters {
		section, err := x.Export(ctx, h.id)
		if err != nil {
			return nil, err
		}
		if _, twice := e.Sections[x.Name()]; twice {
			return nil, fault.New(fault.Internal, "two packages export a section %s", x.Name())
		}
		e.Sections[x.Name()] = section
	}
	return e, nil
}

func (v *Vault) wholeLog(ctx context.Context, id PersonID) ([]Accessed, error) {
	all := []Accessed{}
	for before := int64(0); ; {
		page, err := v.AccessLog(ctx, id, before, MaxPage)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < MaxPage {
			break
		}
		before = page[len(page)-1].ID
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all, nil
}
