#include "actors/bridge/trusted_keys.hpp"

#include <set>
#include <system_error>
#include <utility>

namespace squall::actors {

namespace fs = std::filesystem;

namespace {

fs::file_time_type change_of(const fs::path& folder) {
  std::error_code error;
  const auto time = fs::last_write_time(folder, error);
  return error ? fs::file_time_type::min() : time;
}

}  // namespace

TrustedKeys::TrustedKeys(fs::path folder, std::vector<KnownKey> also)
    : agents_(folder / "agents"), revoked_(folder / "revoked"), also_(std::move(also)) {
  list_keys(folder);  // at the start, what cannot be read is an error; later it is not trusted
  look_at_files();
  lost_.clear();
}

const std::string* TrustedKeys::name_of(const std::string& public_key) const {
  const auto found = names_.find(public_key);
  return found == names_.end() ? nullptr : &found->second;
}

void TrustedKeys::look_at_folders() {
  if (change_of(agents_) != agents_changed_ || change_of(revoked_) != revoked_changed_)
    look_at_files();
}

void TrustedKeys::look_at_files() {
  agents_changed_ = change_of(agents_);
  revoked_changed_ = change_of(revoked_);
  const bool other_trusted = look_at(agents_, trusted_files_);
  const bool other_revoked = look_at(revoked_, revoked_files_);
  if (other_trusted || other_revoked || names_.empty()) draw_conclusions();
}

bool TrustedKeys::look_at(const fs::path& folder, Files& files) {
  Files now;
  bool changed = false;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error)) {
    const fs::path& path = each->path();
    if (path.extension() != ".pub") continue;
    std::error_code gone;
    File file{each->last_write_time(gone), each->file_size(gone), {}};
    if (gone) continue;
    const auto known = files.find(path);
    if (known != files.end() && known->second.changed == file.changed &&
        known->second.size == file.size) {
      file.keys = known->second.keys;
    } else {
      changed = true;
      file.keys = public_keys_in(path);
    }
    now.emplace(path, std::move(file));
  }
  // A folder that is gone has no keys in it; one that cannot be read just now says nothing.
  if (error && error != std::errc::no_such_file_or_directory) return false;
  changed |= now.size() != files.size();
  files = std::move(now);
  return changed;
}

void TrustedKeys::draw_conclusions() {
  std::set<std::string> never;
  for (const auto& [path, file] : revoked_files_) never.insert(file.keys.begin(), file.keys.end());
  std::unordered_map<std::string, std::string> names;
  const auto trust = [&](const std::string& key, const std::string& name) {
    if (!never.contains(key)) names.emplace(key, name);
  };
  for (const auto& each : also_) trust(each.public_key, each.name);
  for (const auto& [path, file] : trusted_files_)
    if (file.keys.size() == 1 && is_key_name(path.stem().string()))
      trust(file.keys[0], path.stem().string());
  for (const auto& [key, name] : names_)
    if (!names.contains(key)) lost_.push_back(name);
  names_ = std::move(names);
}

std::vector<std::string> TrustedKeys::lost_since() { return std::exchange(lost_, {}); }

}  // namespace squall::actors
