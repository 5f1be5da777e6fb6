// Package keyring keeps versioned secret keys in a folder: the master keys that wrap persons' keys, and the keys of the lookup index.
//
// A folder holds one file per key, named for its version (1.key, 2.key ...), 64 hex digits each. The highest version is in use for everything new; older ones are
// kept for as long as something needs them. A key's file is its owner's alone (0600). Instead of a folder there may be a credential of the service
// (systemd's LoadCredential). It knows nothing of what the keys are for. It imports fault; gateway/people/vault and commands may import it.
package keyring
