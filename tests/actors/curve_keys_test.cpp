#include "actors/bridge/curve_keys.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/bridge/trusted_keys.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall::actors;
using squall::tests::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const KeyError& error) {
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& whole, const std::string& part) {
  return whole.find(part) != std::string::npos;
}

unsigned rights(const fs::path& file) {
  struct stat status {};
  BOOST_REQUIRE(stat(file.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

std::size_t files_in(const fs::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : fs::recursive_directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(pairs_are_keys_and_no_two_are_alike) {
  const KeyPair one = make_key_pair(), other = make_key_pair();
  for (const auto& key : {one.public_key, one.secret_key, other.public_key, other.secret_key})
    BOOST_TEST(is_key(key));
  BOOST_TEST(one.public_key != other.public_key);
  BOOST_TEST(one.secret_key != other.secret_key);
  for (const auto& no_key :
       {std::string(), std::string(39, 'a'), std::string(41, 'a'), std::string(40, ' '),
        std::string(40, '"'), std::string(40, '\0'), std::string(40, '\xff')})
    BOOST_TEST(!is_key(no_key));
}

BOOST_AUTO_TEST_CASE(what_is_made_can_be_read_and_only_by_its_owner) {
  TemporaryFolder folder;
  const fs::path keys = folder.path() / "deep" / "keys";
  const mode_t before = umask(0);  // whatever it is, secrets are for the owner
  make_coordinator_key(keys);
  make_agent_key(keys, "worker-1");
  umask(before);
  BOOST_TEST(rights(keys / "coordinator.key") == 0600u);
  BOOST_TEST(rights(keys / "agents" / "worker-1.key") == 0600u);
  BOOST_TEST(rights(keys) == 0700u);
  const KeyPair own = read_key_pair(keys / "coordinator.key");
  BOOST_TEST(own.public_key == read_public_key(keys / "coordinator.pub"));
  BOOST_TEST(own.public_key == public_key_from((keys / "coordinator.pub").string()));
  BOOST_TEST(own.public_key == public_key_from(own.public_key));
  const KeyPair worker = read_key_pair(keys / "agents" / "worker-1.key");
  BOOST_TEST(worker.public_key == read_public_key(keys / "agents" / "worker-1.pub"));
  BOOST_TEST(files_in(keys) == 5u, "something was left behind");
}

BOOST_AUTO_TEST_CASE(a_secret_that_others_may_read_is_refused_with_what_to_type) {
  TemporaryFolder folder;
  make_coordinator_key(folder.path());
  const fs::path file = folder.path() / "coordinator.key";
  for (const mode_t mode : {0640, 0604, 0660, 0610, 0602}) {
    chmod(file.c_str(), mode);
    const std::string why = refusal([&] { read_key_pair(file); });
    BOOST_TEST(contains(why, "chmod 600 " + file.string()), why);
  }
  chmod(file.c_str(), 0400);
  read_key_pair(file);
}

BOOST_AUTO_TEST_CASE(no_message_shows_a_secret) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "odd.key";
  const std::string secret = make_key_pair().secret_key;
  for (const std::string& text :
       {"secret = \"" + secret + "\"\n", "public = \"short\"\nsecret = \"" + secret + "\"\n",
        "public = \"" + make_key_pair().public_key + "\"\nsecret = \"" + secret + "\"\n",
        "public = \"" + secret + "x\"\nsecret = \"" + secret + "x\"\n"}) {
    write(file, text);
    chmod(file.c_str(), 0600);
    const std::string why = refusal([&] { read_key_pair(file); });
    BOOST_TEST(contains(why, file.string()), why);
    BOOST_TEST(!contains(why, secret.substr(0, 20)), why);
  }
}

BOOST_AUTO_TEST_CASE(files_that_are_no_keys_are_refused_in_words) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "x.pub";
  for (const std::string& text : {std::string(), std::string("public = \"\""),
                                  std::string(100'000, 'p'), std::string("\0\1\2", 3),
                                  "public = \"" + std::string(40, 'a') + "\"\n" + "public = \"" +
                                      std::string(40, 'a') + "\"\n"}) {
    write(file, text);
    BOOST_TEST(contains(refusal([&] { read_public_key(file); }), "holds no public key"));
  }
  BOOST_TEST(contains(refusal([&] { read_public_key(folder.path()); }), "cannot read"));
  BOOST_TEST(contains(refusal([&] { read_key_pair(folder.path() / "none"); }), "cannot read"));
  BOOST_TEST(contains(refusal([&] { public_key_from("no/such/file"); }), "neither a file nor"));
}

BOOST_AUTO_TEST_CASE(names_are_checked_and_taken_ones_are_kept) {
  TemporaryFolder folder;
  make_coordinator_key(folder.path());
  const std::string before = read_public_key(folder.path() / "coordinator.pub");
  BOOST_TEST(contains(refusal([&] { make_coordinator_key(folder.path()); }), "is there already"));
  BOOST_TEST(read_public_key(folder.path() / "coordinator.pub") == before);
  for (const char* name : {"", ".", "..", "../x", "a/b", "-x", ".x", "a b", "a\n", "coordinator"})
    BOOST_TEST(refusal([&] { make_agent_key(folder.path(), name); }) != "accepted", name);
  BOOST_TEST(refusal([&] { make_agent_key(folder.path(), std::string(65, 'a')); }) != "accepted");
  make_agent_key(folder.path(), "a.b-c_9");
  BOOST_TEST(contains(refusal([&] { make_agent_key(folder.path(), "a.b-c_9"); }), "already"));
}

BOOST_AUTO_TEST_CASE(lists_say_who_may_come_and_who_may_not) {
  TemporaryFolder folder;
  BOOST_TEST(contains(refusal([&] { list_keys(folder.path() / "none"); }), "squall keys make"));
  make_coordinator_key(folder.path());
  make_agent_key(folder.path(), "b");
  make_agent_key(folder.path(), "a");
  make_agent_key(folder.path(), "c");
  const std::string first = read_public_key(folder.path() / "agents" / "b.pub");
  revoke_agent_key(folder.path(), "b");
  BOOST_TEST(contains(refusal([&] { revoke_agent_key(folder.path(), "b"); }), "no key for 'b'"));
  make_agent_key(folder.path(), "b");  // a new one
  revoke_agent_key(folder.path(), "b");
  std::string told;
  for (const auto& key : list_keys(folder.path()))
    told += key.name + (key.is_coordinator ? "!" : key.revoked ? "-" : "+") + " ";
  BOOST_TEST(told == "a+ b- b- c+ coordinator! ");
  TrustedKeys trusted(folder.path(), {});
  BOOST_TEST(trusted.name_of(first) == nullptr);
  write(folder.path() / "agents" / "bad.pub", "nonsense");
  BOOST_TEST(contains(refusal([&] { list_keys(folder.path()); }), "bad.pub"));
}

BOOST_AUTO_TEST_CASE(a_revocation_that_cannot_be_written_undoes_none_of_those_before) {
  TemporaryFolder folder;
  make_coordinator_key(folder.path());
  make_agent_key(folder.path(), "a");
  const std::string first = read_public_key(folder.path() / "agents" / "a.pub");
  revoke_agent_key(folder.path(), "a");
  make_agent_key(folder.path(), "a");
  // Somebody's write of the same file, as far as it can be told.
  const fs::path revoked = folder.path() / "revoked" / "a.pub";
  write(revoked.string() + ".partial-" + std::to_string(getpid()), "");
  BOOST_TEST(contains(refusal([&] { revoke_agent_key(folder.path(), "a"); }), "cannot write"));
  BOOST_TEST((public_keys_in(revoked) == std::vector<std::string>{first}));
  fs::remove(revoked.string() + ".partial-" + std::to_string(getpid()));
  revoke_agent_key(folder.path(), "a");
  BOOST_TEST(public_keys_in(revoked).size() == 2u);
}

BOOST_AUTO_TEST_CASE(no_pair_of_the_coordinator_is_made_that_would_not_match) {
  for (const char* there : {"coordinator.pub", "coordinator.key"}) {
    TemporaryFolder folder;
    write(folder.path() / there, "of before");
    const std::string why = refusal([&] { make_coordinator_key(folder.path()); });
    BOOST_TEST(contains(why, std::string(there) + " is there already; nothing was made"), why);
    BOOST_TEST(fs::exists(folder.path() / "coordinator.pub") !=
               fs::exists(folder.path() / "coordinator.key"));
  }
}

BOOST_AUTO_TEST_CASE(a_revoked_key_that_was_put_back_is_listed_as_revoked) {
  TemporaryFolder folder;
  make_coordinator_key(folder.path());
  make_agent_key(folder.path(), "a");
  const std::string key = read_public_key(folder.path() / "agents" / "a.pub");
  revoke_agent_key(folder.path(), "a");
  write(folder.path() / "agents" / "a.pub", "public = \"" + key + "\"\n");
  std::string told;
  for (const auto& each : list_keys(folder.path()))
    told += each.name + (each.is_coordinator ? "!" : each.revoked ? "-" : "+") + " ";
  BOOST_TEST(told == "a- coordinator! ");
}

BOOST_AUTO_TEST_CASE(the_folder_is_where_the_environment_says) {
  const auto with = [](const char* keys, const char* config, const char* home) {
    for (const auto& [name, value] :
         {std::pair{"SQUALL_KEYS", keys}, {"XDG_CONFIG_HOME", config}, {"HOME", home}})
      value == nullptr ? unsetenv(name) : setenv(name, value, 1);
    return default_key_folder().string();
  };
  const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  BOOST_TEST(with("/k", "/c", "/h") == "/k");
  BOOST_TEST(with("", "/c", "/h") == "/c/squall/keys");
  BOOST_TEST(with(nullptr, nullptr, "/h") == "/h/.config/squall/keys");
  BOOST_TEST(contains(refusal([&] { with(nullptr, nullptr, nullptr); }), "--keys"));
  setenv("HOME", home.c_str(), 1);
}

BOOST_AUTO_TEST_CASE(changes_in_the_folder_are_seen_while_it_is_in_use) {
  TemporaryFolder folder;
  make_coordinator_key(folder.path());
  make_agent_key(folder.path(), "a");
  const std::string a = read_public_key(folder.path() / "agents" / "a.pub");
  const KeyPair local = make_key_pair();
  TrustedKeys trusted(folder.path(), {{"local-1", local.public_key}});
  BOOST_REQUIRE(trusted.name_of(a) != nullptr);
  BOOST_TEST(*trusted.name_of(a) == "a");
  BOOST_TEST(*trusted.name_of(local.public_key) == "local-1");
  BOOST_TEST(trusted.name_of(make_key_pair().public_key) == nullptr);

  make_agent_key(folder.path(), "b");
  const std::string b = read_public_key(folder.path() / "agents" / "b.pub");
  trusted.look_at_folders();
  BOOST_TEST(trusted.name_of(b) != nullptr);
  BOOST_TEST(trusted.lost_since().empty());

  revoke_agent_key(folder.path(), "a");
  trusted.look_at_folders();
  BOOST_TEST(trusted.name_of(a) == nullptr);
  BOOST_TEST((trusted.lost_since() == std::vector<std::string>{"a"}));
  BOOST_TEST(trusted.lost_since().empty());
  // Whoever puts the file back does not undo that.
  write(folder.path() / "agents" / "a.pub", "public = \"" + a + "\"\n");
  trusted.look_at_files();
  BOOST_TEST(trusted.name_of(a) == nullptr);

  const std::string other = make_key_pair().public_key;  // changed in place
  write(folder.path() / "agents" / "b.pub", "public = \"" + other + "\"  # b's new key\n");
  trusted.look_at_files();
  BOOST_TEST(trusted.name_of(b) == nullptr);
  BOOST_TEST(trusted.name_of(other) != nullptr);
  write(folder.path() / "agents" / "b.pub", "public = \"half of a k");
  trusted.look_at_files();
  BOOST_TEST(trusted.name_of(other) == nullptr, "a damaged file is trusted");

  fs::remove_all(folder.path());
  trusted.look_at_files();
  BOOST_TEST(trusted.name_of(other) == nullptr);
  BOOST_TEST(trusted.name_of(local.public_key) != nullptr);
}
