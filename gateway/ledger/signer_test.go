package ledger

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// renewedPair is another certificate and key.
func renewedPair(t *testing.T) (certificate, private []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "gateway"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

func TestARenewedIdentitySpeaksFromTheNextCallOn(t *testing.T) {
	s := newSetting(t)
	operator, err := s.client.As(s.config.Operator)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = operator.Close() }()
	endorsed, err := s.client.Points("airline").EndorseBatch(context.Background(), batch)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key := renewedPair(t)
	if err := s.client.Renew(certificate, key); err != nil {
		t.Fatal(err)
	}
	if err := endorsed.Submit(context.Background()); err != nil {
		t.Errorf("a call that was under way: %v", err)
	}
	for _, client := range []*Client{s.client, operator} {
		if _, err := client.Points("airline").EndorseBatch(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(s.config.Identity.Cert)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]byte{old, certificate, old} {
		if !bytes.Equal(s.peers[0].proposals[i].creator, want) {
			t.Errorf("call %d was made under the wrong certificate", i)
		}
	}
	if id, _ := s.client.Peers()[0].Signer(); !bytes.Equal(id.Credentials(), certificate) {
		t.Error("blocks are asked for under the old certificate")
	}
	if err := s.client.Renew(certificate, old); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("a pair without a key: %v", err)
	}
}

func TestCallsDuringARenewalSignWithTheKeyOfTheirCertificate(t *testing.T) {
	s := newSetting(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				if endorsed, err := s.client.Points("airline").EndorseBatch(context.Background(), batch); err != nil || endorsed.Submit(context.Background()) != nil {
					t.Errorf("a call failed: %v", err)
				}
			}
		})
	}
	for range 20 {
		certificate, key := renewedPair(t)
		if err := s.client.Renew(certificate, key); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
	s.peers[0].mu.Lock()
	defer s.peers[0].mu.Unlock()
	if s.peers[0].forged > 0 {
		t.Errorf("%d proposals were signed with another key than their certificate's", s.peers[0].forged)
	}
}
