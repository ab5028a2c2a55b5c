#pragma once
// Whom a coordinator trusts: the public keys in its folder (curve_keys.hpp), read again whenever
// they have changed, so that agents can be let in and shut out while a run goes on.
//
// Not for several threads.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/bridge/curve_keys.hpp"

namespace squall::actors {

class TrustedKeys {
 public:
  /// `also` are trusted beside those of the folder, for as long as this lives. Throws KeyError for
  /// a folder or a file in it that cannot be read.
  TrustedKeys(std::filesystem::path folder, std::vector<KnownKey> also);

  /// The name under which a key may take part; null for a stranger's.
  const std::string* name_of(const std::string& public_key) const;

  /// Looks whether a key came or went: cheap enough for each handshake.
  void look_at_folders();
  /// Looks at each file as well, for those that were changed in place: once a second.
  void look_at_files();
  /// Names whose key was trusted, and is no longer, since this was last asked.
  std::vector<std::string> lost_since();

 private:
  struct File {
    std::filesystem::file_time_type changed;
    std::uintmax_t size = 0;
    std::vector<std::string> keys;  // empty: not readable, so nobody is trusted for it
  };
  using Files = std::map<std::filesystem::path, File>;

  bool look_at(const std::filesystem::path& folder, Files& files);
  void draw_conclusions();

  std::filesystem::path agents_, revoked_;
  std::vector<KnownKey> also_;
  std::filesystem::file_time_type agents_changed_, revoked_changed_;
  Files trusted_files_, revoked_files_;
  std::unordered_map<std::string, std::string> names_;  // by key
  std::vector<std::string> lost_;
};

}  // namespace squall::actors
