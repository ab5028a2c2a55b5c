#pragma once
// Key pairs of coordinator and agents (Curve25519, as ZeroMQ's CURVE wants them: Z85 text of 40
// characters), and the folder where a coordinator keeps whom it trusts.
//
//   FOLDER/coordinator.key   its secret and public key, mode 0600
//   FOLDER/coordinator.pub   what agents must know to be sure of it
//   FOLDER/agents/NAME.pub   whoever is here may take part, as NAME; read again while running
//   FOLDER/agents/NAME.key   the pair made for that agent, 0600: to be moved to its machine
//   FOLDER/revoked/NAME.pub  may not, any more; a line for each key that NAME had
//
// A .key file is TOML-like text of two lines, `public = "…"` and `secret = "…"`; a .pub file of
// one. Files appear whole or not at all.

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace squall::actors {

/// A key that is none, a file that others may read, a name that is taken. The message names the
/// remedy, and never a secret.
struct KeyError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct KeyPair {
  std::string public_key, secret_key;  // Z85
};

KeyPair make_key_pair();

/// Whether the text can be a key: 40 characters of Z85 (ZeroMQ RFC 32).
bool is_key(const std::string& text);

/// $SQUALL_KEYS, else $XDG_CONFIG_HOME/squall/keys, else ~/.config/squall/keys.
std::filesystem::path default_key_folder();

/// Throws KeyError, also when others than the owner may read a secret.
KeyPair read_key_pair(const std::filesystem::path& file);
std::string read_public_key(const std::filesystem::path& file);
/// All public keys of a .pub file; none when it cannot be read.
std::vector<std::string> public_keys_in(const std::filesystem::path& file);
/// As command lines name a coordinator's key: a file, or the 40 characters. Throws KeyError.
std::string public_key_from(const std::string& file_or_key);

struct KnownKey {
  std::string name, public_key;
  bool revoked = false;
  bool is_coordinator = false;
};
/// All keys of a folder, by name. Throws KeyError.
std::vector<KnownKey> list_keys(const std::filesystem::path& folder);

/// Of letters, digits, '.', '-' and '_', at most 64 of them; begins with a letter or a digit; not
/// "coordinator".
bool is_key_name(const std::string& name);
/// Throws KeyError.
void check_key_name(const std::string& name);

/// Makes the coordinator's pair, or an agent's pair and its entry among the trusted. Throws
/// KeyError, also when there is one already.
void make_coordinator_key(const std::filesystem::path& folder);
void make_agent_key(const std::filesystem::path& folder, const std::string& name);
/// Writes a pair as read_key_pair() wants it, for the owner's eyes only. Throws KeyError, also when
/// the file is there already.
void write_key_pair(const std::filesystem::path& file, const KeyPair& pair);
/// Takes effect within a second in coordinators that run. Throws KeyError for an unknown name.
void revoke_agent_key(const std::filesystem::path& folder, const std::string& name);

}  // namespace squall::actors
