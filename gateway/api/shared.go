package api

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/consent"
	"github.com/tallystick/tallystick/gateway/store"
)

// scannedPages bounds how many pages of public records are looked through for one answer: others' consents stand among the own.
const scannedPages = 5

// ListShared lists the consents of another brand's customers to this one.
func (s *Server) ListShared(ctx context.Context, r ListSharedRequestObject) (ListSharedResponseObject, error) {
	if _, err := s.reader.Programme(ctx, r.Params.Owner); err != nil {
		return nil, err
	}
	list, after, now := SharedConsentList{Consents: []SharedConsent{}}, valueOr(r.Params.After, ""), time.Now().Unix()
	for range scannedPages {
		records, err := s.reader.Records(ctx, r.Params.Owner, engine.ObjectConsent, after, store.MaxPage)
		if err != nil {
			return nil, err
		}
		for _, one := range records {
			var c privacy.Consent
			if err := wire.DecodeRecord(one.Body, &c); err != nil {
				return nil, err
			}
			if c.Grantee == s.member && c.InForce(now) == nil {
				list.Consents = append(list.Consents, SharedConsent{
					Consent: string(c.ID), From: time.Unix(c.From, 0).UTC(), Until: time.Unix(c.Until, 0).UTC(), Policy: c.Policy, Hash: c.Hash,
				})
			}
		}
		if len(records) < store.MaxPage {
			return ListShared200JSONResponse(list), nil
		}
		if after = records[len(records)-1].ID; len(list.Consents) > 0 {
			break
		}
	}
	list.Next = &after
	return ListShared200JSONResponse(list), nil
}

// ReadShared reads what a customer of another brand shares with this one. Nothing of it is kept.
func (s *Server) ReadShared(ctx context.Context, r ReadSharedRequestObject) (ReadSharedResponseObject, error) {
	if s.people.Shared == nil {
		return nil, fault.New(fault.NotFound, "this gateway reads nothing that others share")
	}
	wanted := consent.Wanted{Owner: r.Body.Owner, Consent: privacy.ConsentID(r.Consent), Purpose: r.Body.Purpose, Attributes: valueOr(r.Body.Attributes, nil)}
	if err := wanted.Consent.Validate(); err != nil {
		return nil, wrong(fault.InvalidValue, "consent", "%s", detailOf(err))
	}
	values, err := s.people.Shared.Read(ctx, wanted)
	if err != nil {
		return nil, err
	}
	out := ReadShared200JSONResponse{Consent: r.Consent}
	out.Values = make([]struct {
		Attribute string `json:"attribute"`
		Value     string `json:"value"`
	}, len(values))
	for i, v := range values {
		out.Values[i].Attribute, out.Values[i].Value = v.Attribute, v.Value
	}
	return out, nil
}

// DiscloseToPartner hands another member's gateway what opens entries that are shared with that member.
func (s *Server) DiscloseToPartner(ctx context.Context, r DiscloseToPartnerRequestObject) (DiscloseToPartnerResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	q := consent.Question{Consent: privacy.ConsentID(r.Body.Consent), Purpose: r.Body.Purpose, Keys: make([]privacy.EntryKey, len(r.Body.Entries))}
	for i, key := range r.Body.Entries {
		q.Keys[i] = privacy.EntryKey(key)
	}
	secrets, err := keeper.Disclose(ctx, memberIn(ctx), q)
	if err != nil {
		return nil, err
	}
	out := DiscloseToPartner200JSONResponse{}
	out.Secrets = make([]struct {
		Entry  ID     `json:"entry"`
		Secret []byte `json:"secret"`
	}, len(secrets))
	for i, one := range secrets {
		out.Secrets[i].Entry, out.Secrets[i].Secret = string(one.Key), one.Secret
	}
	return out, nil
}
