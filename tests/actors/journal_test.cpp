// The file that must not lose anything: cut off at every byte, damaged at every byte, written by
// two, on a disk that is full.

#include "actors/journal/journal.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <fstream>
#include <signal.h>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "scenarios/load/random.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall::actors;
using squall::scenarios::Random;
using squall::tests::read_file;
using squall::tests::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

Bytes bytes_of(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Read {
  std::vector<std::string> records;
  JournalEnd end;
};

Read read(const fs::path& path) {
  Read result;
  result.end = read_journal(path, [&](auto record) { result.records.push_back(text_of(record)); });
  BOOST_TEST(result.end.records == result.records.size());
  return result;
}

void write(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// What a journal of these records looks like on disk.
std::string file_of(const std::vector<std::string>& records, const fs::path& folder) {
  const fs::path path = folder / "made";
  const auto journal = create_journal(path);
  for (const auto& record : records) journal->append(bytes_of(record));
  journal->commit();
  std::string content = read_file(path);
  fs::remove(path);
  return content;
}

bool is_prefix(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  return some.size() <= all.size() && std::equal(some.begin(), some.end(), all.begin());
}

std::string complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const JournalError& error) {
    return error.what();
  }
  return {};
}

const std::vector<std::string> four{"one", std::string(1, '\0'), std::string(300, 'x'), "last"};

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_committed_is_read_in_order) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "deep" / "er" / "journal";
  const auto journal = create_journal(path);
  journal->append(bytes_of("one"));
  BOOST_TEST(read(path).records.empty());  // not yet committed
  journal->append(bytes_of("two"));
  journal->commit();
  journal->commit();  // nothing new
  journal->append(bytes_of("three"));
  journal->sync();
  BOOST_TEST((read(path).records == std::vector<std::string>{"one", "two", "three"}));
}

BOOST_AUTO_TEST_CASE(the_format_is_the_one_that_is_described) {
  const TemporaryFolder folder;
  // CRC-32 of "123456789" is its well known check value, 0xcbf43926.
  BOOST_TEST(file_of({"123456789"}, folder.path()) ==
             std::string("SQLJRNL1\x09\0\0\0\x26\x39\xf4\xcb", 16) + "123456789");
}

BOOST_AUTO_TEST_CASE(a_file_cut_off_anywhere_keeps_its_whole_records) {
  const TemporaryFolder folder;
  const std::string whole = file_of(four, folder.path());
  const fs::path path = folder.path() / "cut";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    write(path, whole.substr(0, size));
    const Read before = read(path);
    BOOST_REQUIRE(is_prefix(before.records, four));
    BOOST_REQUIRE((size < whole.size()) == (before.records.size() < four.size()));
    {
      const auto journal = continue_journal(path);
      journal->append(bytes_of("next"));
      journal->commit();
    }
    Read after = read(path);
    BOOST_REQUIRE_EQUAL(after.end.torn_bytes, 0u);
    BOOST_REQUIRE(after.records.back() == "next");
    after.records.pop_back();
    BOOST_REQUIRE(after.records == before.records);
  }
}

BOOST_AUTO_TEST_CASE(a_byte_changed_anywhere_is_noticed) {
  const TemporaryFolder folder;
  const std::string whole = file_of(four, folder.path());
  const std::size_t last_begins = whole.size() - 4 - 8;
  const fs::path path = folder.path() / "changed";
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const int change : {0x01, 0x80}) {
      std::string content = whole;
      content[at] = static_cast<char>(content[at] ^ change);
      write(path, content);
      if (at < last_begins) {
        BOOST_REQUIRE_MESSAGE(!complaint([&] { read(path); }).empty(), "at byte " << at);
        BOOST_REQUIRE_THROW(continue_journal(path), JournalError);
        BOOST_REQUIRE(read_file(path) == content);  // evidence is not touched
        continue;
      }
      // The last record cannot be told from one that was being written.
      const Read result = read(path);
      BOOST_REQUIRE_EQUAL(result.records.size(), four.size() - 1);
      BOOST_REQUIRE_EQUAL(result.end.torn_bytes, whole.size() - last_begins);
    }
}

BOOST_AUTO_TEST_CASE(damage_says_where_it_is_and_what_to_do) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal";
  std::string content = file_of(four, folder.path());
  content[17] ^= 1;
  write(path, content);
  const std::string text = complaint([&] { read(path); });
  BOOST_TEST(text == path.string() +
                         " is damaged: record 1 at byte 8 is not what was written, and more "
                         "follows it; take the file from a copy, or leave this run");
  write(path, "not a journal at all");
  BOOST_TEST(complaint([&] { read(path); }) == path.string() + " is not a journal of Squall's");
}

BOOST_AUTO_TEST_CASE(zeros_behind_the_last_record_are_a_torn_end) {
  // A file may have grown before the power went, without what was to be in it.
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal";
  for (const std::size_t zeros : {1u, 8u, 100u, 20'000'000u}) {
    write(path, file_of(four, folder.path()) + std::string(zeros, '\0'));
    BOOST_TEST(read(path).end.torn_bytes == zeros);
    continue_journal(path);
    BOOST_TEST(read_file(path) == file_of(four, folder.path()));
  }
  write(path, file_of(four, folder.path()) + std::string(20'000'000, '\0') + "x");
  BOOST_CHECK_THROW(read(path), JournalError);
}

BOOST_AUTO_TEST_CASE(records_longer_than_what_is_read_at_once_come_whole) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal";
  std::vector<std::string> records;
  for (int i = 0; i < 12; ++i)
    records.emplace_back(record_limit - (i % 3) * 777'777, static_cast<char>('a' + i));
  write(path, file_of(records, folder.path()));
  BOOST_TEST((read(path).records == records));
  const auto journal = continue_journal(path);
  BOOST_CHECK_THROW(journal->append(Bytes(record_limit + 1)), JournalError);
  journal->append(bytes_of("small"));
  journal->commit();
  BOOST_TEST(read(path).records.size() == 13u);
}

BOOST_AUTO_TEST_CASE(a_journal_that_grows_while_it_is_read_is_not_damaged) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal";
  const auto journal = create_journal(path);
  const auto commit = [&](std::size_t size) {
    journal->append(Bytes(size, std::byte{'x'}));
    journal->commit();
  };
  for (int i = 0; i < 8; ++i) commit(record_limit);  // more than is read at once
  for (const std::size_t more : {std::size_t{1}, std::size_t{1000}, record_limit}) {
    const auto before = read(path).end.records;
    JournalEnd end;
    BOOST_CHECK_NO_THROW(end = read_journal(path, [&](auto) { commit(more); }));
    BOOST_TEST(end.records == before);
    BOOST_TEST(end.torn_bytes == 0u);
  }
}

BOOST_AUTO_TEST_CASE(who_goes_on_hears_what_is_there_under_the_lock) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal";
  write(path, file_of(four, folder.path()) + "torn");
  std::vector<std::string> heard;
  bool locked = true;
  const auto journal = continue_journal(path, [&](std::span<const std::byte> record) {
    heard.push_back(text_of(record));
    locked = locked && !complaint([&] { continue_journal(path); }).empty();
  });
  BOOST_TEST(heard == four, boost::test_tools::per_element());
  BOOST_TEST(locked);
}

BOOST_AUTO_TEST_CASE(only_one_process_writes_a_journal) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal";
  auto first = create_journal(path);
  BOOST_TEST(complaint([&] { create_journal(path); }).find("exists already") != std::string::npos);
  BOOST_TEST(complaint([&] { continue_journal(path); }).find("another process") !=
             std::string::npos);
  first.reset();
  BOOST_CHECK_NO_THROW(continue_journal(path));
  BOOST_CHECK_THROW(continue_journal(folder.path() / "none"), JournalError);
}

BOOST_AUTO_TEST_CASE(a_writer_that_is_killed_leaves_what_it_committed) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal";
  const pid_t child = fork();
  if (child == 0) {
    const auto journal = create_journal(path);
    journal->append(bytes_of("said"));
    journal->commit();
    journal->append(bytes_of("not said"));
    raise(SIGKILL);
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_TEST((read(path).records == std::vector<std::string>{"said"}));
  BOOST_CHECK_NO_THROW(continue_journal(path));  // its lock went with it
}

namespace {

/// A file that may not grow: the write that would is refused as on a full disk.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    before_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit now{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~SizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    signal(SIGXFSZ, before_);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  rlimit old_{};
  sighandler_t before_ = SIG_DFL;
};

/// A disk of 64 KiB in memory; not everywhere and not everybody may mount one.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& at) : at_(at) {
    fs::create_directories(at);
    mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=64k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  fs::path at_;
  bool mounted_ = false;
};

/// Commits records until one is refused; returns how many were taken.
std::size_t fill(Journal& journal, std::string& why) {
  for (std::size_t taken = 0; taken < 1000; ++taken) {
    journal.append(bytes_of(std::string(1000, 'f')));
    why = complaint([&] { journal.commit(); });
    if (!why.empty()) return taken;
  }
  return 1000;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_disk_that_is_full_leaves_the_last_whole_commit) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal";
  const auto journal = create_journal(path);
  std::string why;
  std::size_t taken = 0;
  {
    const SizeLimit limit(20'500);
    taken = fill(*journal, why);
  }
  BOOST_TEST(taken == 20u);
  BOOST_TEST(why.find("SQUALL_STATE") != std::string::npos, why);
  BOOST_TEST(read(path).end.records == taken);
  BOOST_TEST(read(path).end.torn_bytes == 0u);
  BOOST_TEST(fs::file_size(path) == 8 + taken * 1008);
  // What failed does not count; with room again the journal goes on.
  journal->append(bytes_of("later"));
  journal->commit();
  BOOST_TEST(read(path).records.back() == "later");
  BOOST_TEST(read(path).end.records == taken + 1);
}

namespace {

/// Else the case is reported as skipped.
boost::test_tools::assertion_result may_mount(boost::unit_test::test_unit_id) {
  const TemporaryFolder folder;
  boost::test_tools::assertion_result result = SmallDisk(folder.path() / "disk").mounted();
  result.message() << "nobody but root may mount a small disk";
  return result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_small_disk_of_memory_is_as_full,
                     *boost::unit_test::precondition(may_mount)) {
  const TemporaryFolder folder;
  const SmallDisk disk(folder.path() / "disk");
  BOOST_REQUIRE(disk.mounted());
  const fs::path path = folder.path() / "disk" / "journal";
  const auto journal = create_journal(path);
  std::string why;
  const std::size_t taken = fill(*journal, why);
  BOOST_TEST(taken > 10u);
  BOOST_TEST(taken < 66u);
  BOOST_TEST(why.find("No space left") != std::string::npos, why);
  BOOST_TEST(read(path).end.records == taken);
  BOOST_TEST(read(path).end.torn_bytes == 0u);
  const std::string refused = complaint([&] { create_journal(folder.path() / "disk" / "second"); });
  BOOST_TEST(refused.find("cannot begin") != std::string::npos, refused);
  BOOST_TEST(!fs::exists(folder.path() / "disk" / "second"));
}

BOOST_AUTO_TEST_CASE(a_thousand_damaged_files_are_read_or_refused_and_never_believed) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "journal";
  Random random(5);
  std::vector<std::string> records;
  for (int i = 0; i < 12; ++i) records.emplace_back(1 + random.next() % 60, 'a' + i);
  const std::string whole = file_of(records, folder.path());
  int refused = 0, read_as_torn = 0;
  for (int round = 0; round < 1000; ++round) {
    std::string content = whole;
    for (std::uint64_t edits = 1 + random.next() % 3; edits > 0 && !content.empty(); --edits) {
      const std::size_t at = random.next() % content.size();
      const std::size_t length = std::min<std::size_t>(random.next() % 20, content.size() - at);
      switch (random.next() % 4) {
        case 0:
          content[at] = static_cast<char>(random.next());
          break;
        case 1:
          content.erase(at, length);
          break;
        case 2:
          content.insert(at, content.substr(random.next() % content.size(), length));
          break;
        default:
          content.resize(at + 1);
      }
    }
    write(path, content);
    try {
      // Only whole records count, whatever became of the others.
      for (const auto& record : read(path).records)
        BOOST_REQUIRE(std::ranges::find(records, record) != records.end());
      ++read_as_torn;
    } catch (const JournalError&) {
      ++refused;
    }
  }
  BOOST_TEST(refused > 100);
  BOOST_TEST(read_as_torn > 100);
}
