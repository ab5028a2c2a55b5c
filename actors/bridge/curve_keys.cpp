#include "actors/bridge/curve_keys.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

namespace squall::actors {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t key_length = 40;
constexpr std::size_t file_limit = 64 * 1024;  // bytes; ours have some hundred
using KeyText = std::array<char, key_length + 1>;

[[noreturn]] void fail(const fs::path& file, const char* what) {
  throw KeyError("cannot " + std::string(what) + " " + file.string() + ": " + std::strerror(errno) +
                 "; see the rights of its folder, or name another with --keys");
}

std::string text_of(const fs::path& file) {
  std::error_code ignored;
  std::ifstream stream(file, std::ios::binary);
  if (!stream || fs::is_directory(file, ignored)) fail(file, "read");
  std::string text(file_limit, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

/// All values of lines such as `public = "…"`.
std::vector<std::string> values_of(const std::string& text, const std::string& field) {
  const std::regex form("\\s*" + field + "\\s*=\\s*\"([^\"]*)\"\\s*(#.*)?");
  std::vector<std::string> values;
  std::istringstream lines(text);
  std::smatch match;
  for (std::string line; std::getline(lines, line);)
    if (line.size() < 1000 && std::regex_match(line, match, form)) values.push_back(match[1]);
  return values;
}

/// One key; a remedy instead of the value in the message, for the value may be a secret.
std::string key_of(const std::string& text, const fs::path& file, const std::string& field) {
  const auto values = values_of(text, field);
  if (values.size() != 1 || !is_key(values[0]))
    throw KeyError(file.string() + " holds no " + field + " key: it needs one line " + field +
                   " = \"…\" with 40 characters; `squall keys make` writes such files");
  return values[0];
}

/// Written beside its place, then put there by `place` when it is whole and on the disk.
template <class Place>
void write_beside(const fs::path& file, const std::string& text, mode_t mode, Place place) {
  const fs::path partial = file.string() + ".partial-" + std::to_string(getpid());
  const int descriptor = open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0) fail(file, "write");
  const bool written =
      write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(descriptor) == 0;
  int error = errno;
  close(descriptor);
  const bool placed = written && place(partial.c_str(), file.c_str()) == 0;
  if (written && !placed) error = errno;
  unlink(partial.c_str());
  if (placed) return;
  errno = error;
  if (error == EEXIST)
    throw KeyError(file.string() + " is there already; it was not touched. Move it away first");
  fail(file, "write");
}

/// Never over another file: a link to what exists fails everywhere, also on NFS.
void write_whole(const fs::path& file, const std::string& text, mode_t mode) {
  write_beside(file, text, mode, ::link);
}

/// There is always the old file or the new one.
void replace_whole(const fs::path& file, const std::string& text, mode_t mode) {
  write_beside(file, text, mode, ::rename);
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return;
  fs::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail(folder, "make");
}

std::string line(const char* field, const std::string& key) {
  return std::string(field) + " = \"" + key + "\"\n";
}

void write_public_key(const fs::path& file, const std::string& key) {
  write_whole(file, line("public", key), 0644);
}

/// What has a .pub file in a folder, by name.
std::vector<fs::path> public_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error))
    if (each->path().extension() == ".pub") files.push_back(each->path());
  if (error && error != std::errc::no_such_file_or_directory) {
    errno = error.value();
    fail(folder, "read");
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

bool is_key(const std::string& text) {
  std::array<std::uint8_t, 32> bytes{};
  return text.size() == key_length && text.find('\0') == std::string::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; }) &&
         zmq_z85_decode(bytes.data(), text.c_str()) != nullptr;
}

KeyPair make_key_pair() {
  KeyText public_key{}, secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0)
    throw KeyError(
        "this machine's ZeroMQ was built without CURVE, so it has no keys; Debian's "
        "libzmq5 has them");
  return {public_key.data(), secret_key.data()};
}

fs::path default_key_folder() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
  };
  if (const auto keys = set("SQUALL_KEYS"); !keys.empty()) return keys;
  if (const auto config = set("XDG_CONFIG_HOME"); !config.empty())
    return fs::path(config) / "squall" / "keys";
  if (const auto home = set("HOME"); !home.empty())
    return fs::path(home) / ".config" / "squall" / "keys";
  throw KeyError(
      "nowhere to keep keys: neither SQUALL_KEYS nor XDG_CONFIG_HOME nor HOME is set; "
      "name a folder with --keys");
}

KeyPair read_key_pair(const fs::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) fail(file, "read");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    throw KeyError(file.string() +
                   " holds a secret, and others than its owner may open it: chmod "
                   "600 " +
                   file.string());
  const std::string text = text_of(file);
  KeyPair pair{key_of(text, file, "public"), key_of(text, file, "secret")};
  KeyText derived{};
  if (zmq_curve_public(derived.data(), pair.secret_key.c_str()) != 0 ||
      pair.public_key != derived.data())
    throw KeyError(file.string() +
                   " holds two keys that are not a pair; make a new one with "
                   "`squall keys make`");
  return pair;
}

std::string read_public_key(const fs::path& file) {
  const std::string text = text_of(file);
  return key_of(text, file, "public");
}

std::vector<std::string> public_keys_in(const fs::path& file) {
  try {
    auto keys = values_of(text_of(file), "public");
    std::erase_if(keys, [](const auto& each) { return !is_key(each); });
    return keys;
  } catch (const KeyError&) {
    return {};
  }
}

std::string public_key_from(const std::string& file_or_key) {
  if (is_key(file_or_key)) return file_or_key;
  std::error_code ignored;
  if (!fs::exists(file_or_key, ignored))
    throw KeyError("'" + file_or_key.substr(0, 200) +
                   "' is neither a file nor a public key of 40 characters; the coordinator's is in "
                   "its folder of keys, coordinator.pub");
  return read_public_key(file_or_key);
}

std::vector<KnownKey> list_keys(const fs::path& folder) {
  std::vector<KnownKey> keys;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    throw KeyError("there is no folder of keys at " + folder.string() +
                   "; `squall keys make --coordinator` makes one");
  if (const auto own = folder / "coordinator.pub"; fs::exists(own, ignored))
    keys.push_back({"coordinator", read_public_key(own), false, true});
  std::set<std::string> revoked;
  for (const auto& file : public_files(folder / "revoked"))
    for (const auto& key : values_of(text_of(file), "public"))
      if (revoked.insert(key).second) keys.push_back({file.stem().string(), key, true});
  for (const auto& file : public_files(folder / "agents")) {
    check_key_name(file.stem().string());
    // Putting a revoked key's file back undoes nothing.
    if (const auto key = read_public_key(file); !revoked.contains(key))
      keys.push_back({file.stem().string(), key});
  }
  std::stable_sort(keys.begin(), keys.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
  return keys;
}

bool is_key_name(const std::string& name) {
  static const std::regex form(R"([A-Za-z0-9][A-Za-z0-9._-]{0,63})");
  return name.size() <= 64 && name != "coordinator" && std::regex_match(name, form);
}

void check_key_name(const std::string& name) {
  if (name == "coordinator")
    throw KeyError(
        "an agent cannot be called 'coordinator'; for the coordinator's own key say "
        "--coordinator");
  if (!is_key_name(name))
    throw KeyError("'" + name.substr(0, 100) +
                   "' cannot be a key's name: names are of letters, digits, '.', '-' and '_', at "
                   "most 64, and begin with a letter or a digit");
}

void write_key_pair(const fs::path& file, const KeyPair& pair) {
  write_whole(file, line("public", pair.public_key) + line("secret", pair.secret_key), 0600);
}

void make_coordinator_key(const fs::path& folder) {
  make_folder(folder);
  make_folder(folder / "agents");
  std::error_code ignored;
  for (const char* name : {"coordinator.key", "coordinator.pub"})
    if (const fs::path file = folder / name; fs::exists(fs::symlink_status(file, ignored)))
      throw KeyError(
          file.string() +
          " is there already; nothing was made. For a new pair, move coordinator.key and "
          "coordinator.pub away first");
  const KeyPair pair = make_key_pair();
  write_key_pair(folder / "coordinator.key", pair);
  write_public_key(folder / "coordinator.pub", pair.public_key);
}

void make_agent_key(const fs::path& folder, const std::string& name) {
  check_key_name(name);
  make_folder(folder);
  make_folder(folder / "agents");
  const fs::path trusted = folder / "agents" / (name + ".pub");
  std::error_code ignored;
  if (fs::exists(trusted, ignored))
    throw KeyError("there is a key for '" + name + "' already: " + trusted.string() +
                   "; for a new one, revoke it first: squall keys revoke " + name);
  const KeyPair pair = make_key_pair();
  // The pair first: an entry among the trusted that nobody has the secret of is of no use.
  write_key_pair(folder / "agents" / (name + ".key"), pair);
  write_public_key(trusted, pair.public_key);
}

void revoke_agent_key(const fs::path& folder, const std::string& name) {
  check_key_name(name);
  const fs::path trusted = folder / "agents" / (name + ".pub");
  std::error_code error;
  if (!fs::exists(trusted, error))
    throw KeyError("there is no key for '" + name + "' in " + (folder / "agents").string() +
                   "; `squall keys list` shows whom there is");
  make_folder(folder / "revoked");
  const fs::path revoked = folder / "revoked" / (name + ".pub");
  const std::string before = fs::exists(revoked, error) ? text_of(revoked) : std::string();
  // First among the revoked, which counts more, and only then no longer among the trusted.
  replace_whole(revoked, before + line("public", read_public_key(trusted)), 0644);
  if (!fs::remove(trusted, error)) {
    errno = error.value();
    fail(trusted, "remove");
  }
  fs::remove(folder / "agents" / (name + ".key"), error);  // of no use to anybody any more
}

}  // namespace squall::actors
