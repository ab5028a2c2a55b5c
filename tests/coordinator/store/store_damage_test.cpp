// Stores and exported runs that were cut off, altered, or never were any: told, never believed.

#include <boost/test/unit_test.hpp>
#include <random>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coordinator/store/compressed_bytes.hpp"
#include "coordinator/store/run_store.hpp"
#include "tests/coordinator/store/stored_runs.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
namespace fs = std::filesystem;

namespace {

void write_file(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// One run with report and journal, and a second one.
void make_store(const fs::path& file, const TemporaryFolder& folder) {
  RunStore store(file);
  store_run(store, {.id = run_number(1)}, journal_of(folder.path() / "journal"));
  store_run(store, {.id = run_number(2)});
  store.tag(run_number(1), "kept");
}

/// All that can be read of a store; what it complains of, if it does.
std::string read_all(const fs::path& file, const TemporaryFolder& folder) {
  return complaint([&] {
    const RunStore store(file);
    for (const auto& run : store.list()) {
      if (run.state != "finished") continue;
      const std::string report = store.report(run.beginning.run);
      if (report != report_of({.id = run.beginning.run}))
        BOOST_ERROR("a report is not what was written, and nobody says so");
      store.save_journal(run.beginning.run, folder.path() / "copy");
    }
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(flipped_bytes_of_a_store_are_told_or_harmless_and_never_a_wrong_report) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "runs.db";
  make_store(file, folder);
  const std::string whole = read_file(file);
  BOOST_REQUIRE(whole.size() > 50'000u);
  std::mt19937 random(5);
  int told = 0;
  for (int round = 0; round < 150; ++round) {
    std::string damaged = whole;
    const std::size_t at = random() % whole.size();
    for (std::size_t i = 0; i < 16 && at + i < damaged.size(); ++i)
      damaged[at + i] = static_cast<char>(damaged[at + i] ^ (1 + random() % 255));
    write_file(file, damaged);
    const std::string why = read_all(file, folder);
    if (why.empty()) continue;
    ++told;
    BOOST_TEST(contains(why, file.string()), why);
  }
  BOOST_TEST(told > 30);
}

BOOST_AUTO_TEST_CASE(a_report_whose_stored_bytes_changed_is_not_given_out) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "runs.db";
  make_store(file, folder);
  std::string bytes = read_file(file);
  const std::string frame{"\x28\xb5\x2f\xfd", 4};  // of zstd
  for (std::size_t at = bytes.find(frame); at != std::string::npos; at = bytes.find(frame, at + 1))
    for (std::size_t i = 40; i < 44; ++i) bytes[at + i] = static_cast<char>(bytes[at + i] ^ 0x55);
  write_file(file, bytes);
  const RunStore store(file);
  const std::string why = complaint([&] { store.report(run_number(1)); });
  BOOST_TEST(contains(why, "damaged"), why);
  BOOST_TEST(contains(why, "squall import"), why);
  BOOST_TEST(contains(complaint([&] { store.save_journal(run_number(1), folder.path() / "copy"); }),
                      "damaged"));
}

BOOST_AUTO_TEST_CASE(a_store_that_was_cut_off_is_told) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "runs.db";
  make_store(file, folder);
  const std::string whole = read_file(file);
  for (const std::size_t length : {whole.size() / 2, std::size_t{5000}, std::size_t{100}}) {
    write_file(file, whole.substr(0, length));
    const std::string why = read_all(file, folder);
    BOOST_TEST(contains(why, "damaged"), why);
    BOOST_TEST(contains(why, "move it away"), why);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_database_is_told_and_left_as_it_is) {
  const TemporaryFolder folder;
  const std::string text(3000, 'x');
  const auto file = folder.write("letter.txt", text);
  const std::string why = complaint([&] { RunStore store(file); });
  BOOST_TEST(contains(why, "no store of runs"), why);
  BOOST_TEST(contains(why, file.string()), why);
  BOOST_TEST(read_file(file) == text);
  fs::create_directory(folder.path() / "folder.db");
  BOOST_TEST(contains(complaint([&] { RunStore store(folder.path() / "folder.db"); }), "--store"));
}

BOOST_AUTO_TEST_CASE(a_folder_that_may_not_be_written_is_told) {
  const TemporaryFolder folder;
  ::chmod(folder.path().c_str(), 0555);
  const pid_t child = fork();
  if (child == 0) {  // root may write anywhere
    if (geteuid() == 0 && setuid(65534) != 0) _exit(9);
    const std::string why = complaint([&] { RunStore store(folder.path() / "runs.db"); });
    _exit(contains(why, "Permission denied") && contains(why, "--store") ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  BOOST_TEST(WEXITSTATUS(status) == 0);
  ::chmod(folder.path().c_str(), 0755);
}

// ---- exported runs

BOOST_AUTO_TEST_CASE(an_exported_run_is_the_same_elsewhere) {
  const TemporaryFolder folder;
  make_store(folder.path() / "runs.db", folder);
  const auto file = folder.path() / "run.squall";
  RunStore(folder.path() / "runs.db").export_run(run_number(1), file);
  RunStore other(folder.path() / "other.db");
  BOOST_TEST(other.import_run(file) == run_number(1));
  const auto run = other.find("tag:kept");
  BOOST_TEST(run.beginning.run == run_number(1));
  BOOST_TEST(run.beginning.scenario_text == "name = \"chat\"\n");
  BOOST_TEST(run.beginning.folder == "");
  BOOST_TEST(run.figures.at("ttft_p99") == 0.25);
  BOOST_TEST(other.report(run_number(1)) == report_of({.id = run_number(1)}));
  BOOST_REQUIRE(other.save_journal(run_number(1), folder.path() / "copy"));
  BOOST_TEST((read_file(folder.path() / "copy") == read_file(folder.path() / "journal")));
  BOOST_TEST(contains(complaint([&] { other.import_run(file); }), "already"));
  BOOST_TEST(contains(complaint([&] { other.export_run(run_number(1), file); }), "exists"));
  other.begin(beginning_of(run_number(9)));
  BOOST_TEST(complaint([&] { other.export_run(run_number(9), folder.path() / "x"); }) != "");
  BOOST_TEST(!fs::exists(folder.path() / "x"));
}

BOOST_AUTO_TEST_CASE(an_exported_run_that_was_cut_off_or_altered_is_refused_and_writes_nothing) {
  const TemporaryFolder folder;
  make_store(folder.path() / "runs.db", folder);
  const auto file = folder.path() / "run.squall";
  RunStore(folder.path() / "runs.db").export_run(run_number(1), file);
  const std::string whole = read_file(file);
  RunStore other(folder.path() / "other.db");
  const auto refused = [&](const std::string& bytes) {
    write_file(file, bytes);
    const std::string why = complaint([&] { other.import_run(file); });
    BOOST_TEST(contains(why, file.string()), why);
    return !why.empty() && other.list().empty();
  };
  for (std::size_t length = 0; length < whole.size(); length += 97)
    BOOST_TEST(refused(whole.substr(0, length)), "cut off at " << length);
  BOOST_TEST(refused(whole.substr(0, whole.size() - 1)));
  BOOST_TEST(refused(whole + "x"));
  BOOST_TEST(refused(whole + std::string(64, '\0')));
  for (std::size_t at = 0; at < whole.size(); at += 89) {
    std::string altered = whole;
    altered[at] = static_cast<char>(altered[at] ^ 0x10);
    BOOST_TEST(refused(altered), "altered at " << at);
  }
  BOOST_TEST(refused(read_file(folder.path() / "journal")));
  write_file(file, whole);
  BOOST_TEST(other.import_run(file) == run_number(1));
}

BOOST_AUTO_TEST_CASE(a_run_is_taken_from_its_folder_too) {
  const TemporaryFolder folder;
  RunStore store(folder.path() / "runs.db");
  const auto run = folder.path() / run_number(3);
  journal_of(run / "journal");
  BOOST_TEST(contains(complaint([&] { store.import_run(run); }), "report.json"));
  write_file(run / "report.json", report_of({.id = run_number(3)}) + "\n");
  BOOST_TEST(store.import_run(run) == run_number(3));
  BOOST_TEST(store.find("last").state == "finished");
  BOOST_TEST(store.find("last").beginning.folder == run.string());
  BOOST_TEST(store.report(run_number(3)) == report_of({.id = run_number(3)}) + "\n");
  store.remove(run_number(3));
  std::string journal = read_file(run / "journal");
  write_file(run / "journal", journal.substr(0, journal.size() - 10));
  BOOST_TEST(contains(complaint([&] { store.import_run(run); }), "was cut off"));
  journal[2000] = static_cast<char>(journal[2000] ^ 1);
  write_file(run / "journal", journal);
  BOOST_TEST(contains(complaint([&] { store.import_run(run); }), "damaged"));
  BOOST_TEST(store.list().empty());
}

BOOST_AUTO_TEST_CASE(compressed_bytes_come_back_in_parts_of_any_size) {
  for (const std::size_t size : {0u, 1u, 1000u, (1u << 20) + 1, 3'500'000u}) {
    std::string plain(size, '\0');
    std::mt19937 random(9);
    for (char& byte : plain) byte = static_cast<char>(random());
    std::vector<std::string> parts;
    Compressor compressor([&](std::string_view part) { parts.emplace_back(part); });
    for (std::size_t at = 0; at < size; at += 70'000)
      compressor.write(std::string_view(plain).substr(at, 70'000));
    compressor.finish();
    for (const auto& part : parts) BOOST_TEST((!part.empty() && part.size() <= part_limit));
    std::string back;
    Decompressor decompressor([&](std::string_view piece) { back += piece; });
    for (const auto& part : parts) decompressor.write(part);
    decompressor.finish();
    BOOST_TEST((back == plain));
    BOOST_CHECK_THROW(decompressor.write("more"), DamagedBytes);
    Decompressor cut([](std::string_view) {});
    cut.write(parts.front().substr(0, parts.front().size() - 1));
    BOOST_CHECK_THROW(cut.finish(), DamagedBytes);
  }
}
