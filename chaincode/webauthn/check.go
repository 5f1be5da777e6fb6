package webauthn

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// ChallengeLength is the length of a challenge in bytes: a SHA-256 value.
const ChallengeLength = sha256.Size

// The flags of the authenticator data (section 6.1). The two that are reserved are not looked at.
const (
	flagUserPresent    = 1 << 0
	flagUserVerified   = 1 << 2
	flagBackupEligible = 1 << 3
	flagBackupState    = 1 << 4
	flagAttested       = 1 << 6
	flagExtensions     = 1 << 7
)

// Check says whether the assertion was made for this challenge at an origin of the relying party, whose Validate has passed or which is empty, with the user present and verified;
// AUTH_INVALID with the reason when it wasn't. It doesn't check the signature, and not the signature counter: the ledger refuses an authorisation's second use by its id,
// passkeys that are synchronised between devices send 0, and two tills that serve one customer at once would be in each other's way.
func Check(a *Assertion, rp *RelyingParty, challenge []byte) error {
	if len(challenge) != ChallengeLength {
		return fault.New(fault.Internal, "a challenge has %d bytes", ChallengeLength)
	}
	if rp.ID == "" {
		return refused("the programme takes no passkeys")
	}
	authenticatorData, clientDataJSON, err := a.Raw()
	if err != nil {
		return refused("the assertion is not in its form")
	}
	if err := checkClient(clientDataJSON, rp, challenge); err != nil {
		return err
	}
	return checkAuthenticator(authenticatorData, rp)
}

// checkClient reads the client data (section 5.8.1). Members that it doesn't know are allowed: browsers add some on purpose.
func checkClient(doc []byte, rp *RelyingParty, challenge []byte) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(doc, &members); err != nil {
		return refused("the client data is not a JSON object of unique members")
	}
	if text(members["type"]) != "webauthn.get" {
		return refused("the client data's type is not webauthn.get")
	}
	if text(members["challenge"]) != base64.RawURLEncoding.EncodeToString(challenge) {
		return refused("the challenge is another")
	}
	if origin := text(members["origin"]); !slices.Contains(rp.Origins, origin) {
		return refused("the origin is none of the programme's")
	}
	if cross, there := members["crossOrigin"]; there && string(cross) != "false" {
		return refused("the assertion was made within a page of another origin")
	}
	if _, there := members["topOrigin"]; there {
		return refused("the assertion was made within a page of another origin")
	}
	return nil
}

// text is a JSON string's value; of anything else, or nothing, it is empty.
func text(v jsontext.Value) string {
	s, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return ""
	}
	return string(s)
}

// checkAuthenticator reads the authenticator data (section 6.1). What extensions put out is signed but not read: none is asked for.
func checkAuthenticator(data []byte, rp *RelyingParty) error {
	id := sha256.Sum256([]byte(rp.ID))
	if !bytes.Equal(data[:sha256.Size], id[:]) {
		return refused("the key was made for another relying party")
	}
	flags := data[sha256.Size]
	switch {
	case flags&flagUserPresent == 0:
		return refused("the user was not present")
	case flags&flagUserVerified == 0:
		return refused("the user was not verified")
	case flags&flagBackupState != 0 && flags&flagBackupEligible == 0:
		return refused("the key is said to be backed up and not to be eligible for it")
	case flags&flagAttested != 0:
		return refused("the authenticator data has a credential: it belongs to a registration")
	case (flags&flagExtensions != 0) != (len(data) > MinAuthenticatorData):
		return refused("the authenticator data's length contradicts its flags")
	}
	return nil
}
