package api

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/consent"
	"github.com/tallystick/tallystick/gateway/store"
)

// ListShared lists the consents of another brand's customers to this one.
func (s *Server) ListShared(ctx context.Context, r ListSharedRequestObject) (ListSharedResponseObject, error) {
	if _, err := s.reader.Programme(ctx, r.Params.Owner); err != nil {
		return nil, err
	}
	consents, err := s.reader.SharedWith(ctx, r.Params.Owner, s.member, time.Now().Unix(), privacy.ConsentID(valueOr(r.Params.After, "")), store.MaxPage)
	if err != nil {
		return nil, err
	}
	list := SharedConsentList{Consents: make([]SharedConsent, len(consents))}
	for i := range consents {
		c := &consents[i]
		list.Consents[i] = SharedConsent{Consent: string(c.ID), From: time.Unix(c.From, 0).UTC(), Until: time.Unix(c.Until, 0).UTC(), Policy: c.Policy, Hash: c.Hash}
	}
	if len(consents) == store.MaxPage {
		next := string(consents[len(consents)-1].ID)
		list.Next = &next
	}
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
