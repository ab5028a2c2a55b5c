// Compressed models: good, damaged, cut off, and made to fill the disk.

#include "agents/models/decompressed_model.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <thread>

#include "agents/models/decompressor.hpp"
#include "tests/agents/models/download_fixture.hpp"
#include "tests/fixtures/compressed_bytes.hpp"

using namespace squall::agents;
using namespace squall::tests;
using squall::fixtures::gzip_of;
using squall::fixtures::zstd_of;
namespace fs = std::filesystem;

namespace {

using Compress = std::string (*)(const std::string&);

struct Fixture {
  TemporaryFolder folder;
  std::string plain = model_of(5'000'000);  // more than one piece
  DecompressionLimits limits{.spare_bytes = 0};

  fs::path cache() const { return folder.path() / "cache"; }
  fs::path open(const fs::path& file) const {
    return decompressed_model(file, cache(), {}, limits);
  }
  std::string refusal(const std::string& name, const std::string& bytes) const {
    const fs::path file = folder.write(name, bytes);
    try {
      open(file);
      return {};
    } catch (const ModelError& error) {
      BOOST_TEST(says(error.what(), "cannot decompress " + file.string() + ": "));
      return error.what();
    }
  }
  std::size_t plain_files() const {
    std::size_t count = 0;
    if (!fs::exists(cache())) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(cache()))
      count += entry.is_regular_file() && entry.path().filename() != "lock" ? 1 : 0;
    return count;
  }
};

struct Kind {
  const char* ending;
  Compress compress;
};
const Kind kinds[]{{".gguf.gz", gzip_of}, {".gguf.zst", zstd_of}};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(compressed_models, Fixture)

BOOST_AUTO_TEST_CASE(each_kind_gives_back_the_model_under_its_name) {
  for (const Kind& kind : kinds) {
    const fs::path file = folder.write(std::string("small") + kind.ending, kind.compress(plain));
    const fs::path found = open(file);
    BOOST_TEST(found.filename() == "small.gguf");
    BOOST_TEST((read_file(found) == plain));
  }
  BOOST_TEST(plain_files() == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_plain_or_absent_is_left_to_whoever_loads_it) {
  const fs::path file = folder.write("m.gguf", plain);
  BOOST_TEST(open(file) == file);
  BOOST_TEST(open(folder.path()) == folder.path());
  BOOST_TEST(open(folder.path() / "none.gguf.gz") == folder.path() / "none.gguf.gz");
  // Its first bytes say what it is, not its name.
  const fs::path disguised = folder.write("other.gguf", gzip_of(plain));
  BOOST_TEST((read_file(open(disguised)) == plain));
}

BOOST_AUTO_TEST_CASE(it_is_decompressed_once_until_it_changes) {
  const fs::path file = folder.write("m.gguf.zst", zstd_of(plain));
  const fs::path first = open(file);
  const auto written = fs::last_write_time(first);
  BOOST_TEST(open(file) == first);
  BOOST_TEST((fs::last_write_time(first) == written));
  const std::string newer = model_of(1'000'000, 5);
  folder.write("m.gguf.zst", zstd_of(newer));
  const fs::path second = open(file);
  BOOST_TEST(second != first);
  BOOST_TEST((read_file(second) == newer));
}

BOOST_AUTO_TEST_CASE(several_members_follow_each_other) {
  for (const Kind& kind : kinds) {
    const std::string packed =
        kind.compress(plain.substr(0, 1000)) + kind.compress(plain.substr(1000));
    const fs::path file = folder.write(std::string("parts") + kind.ending, packed);
    BOOST_TEST((read_file(open(file)) == plain));
  }
}

BOOST_AUTO_TEST_CASE(a_cut_anywhere_is_noticed_and_leaves_nothing) {
  const std::string small = model_of(5000);
  for (const Kind& kind : kinds) {
    const std::string packed = kind.compress(small);
    for (const std::size_t kept : {std::size_t{5}, std::size_t{20}, packed.size() / 2,
                                   packed.size() - 5, packed.size() - 1}) {
      const std::string message = refusal(std::string("cut") + kind.ending, packed.substr(0, kept));
      BOOST_TEST(says(message, "it ends before its end"), kind.ending << " cut to " << kept);
    }
  }
  BOOST_TEST(plain_files() == 0u);
}

BOOST_AUTO_TEST_CASE(a_changed_byte_in_gzip_is_noticed_by_its_checksum) {
  const std::string small = model_of(5000);
  const std::string packed = gzip_of(small);
  for (std::size_t at = 10; at < packed.size(); at += 97) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    // Deflate has a few bits that mean nothing; all others must not go unseen.
    if (refusal("damaged.gguf.gz", damaged).empty())
      BOOST_TEST((read_file(open(folder.path() / "damaged.gguf.gz")) == small), "byte " << at);
  }
  BOOST_TEST(plain_files() <= 1u);
}

BOOST_AUTO_TEST_CASE(damaged_zstd_and_bytes_behind_the_end_are_refused) {
  std::string packed = zstd_of(std::string("GGUF") + std::string(50'000, 'x'));
  BOOST_TEST(says(refusal("behind.gguf.zst", packed + "more"), "damaged"));
  packed[5] = static_cast<char>(packed[5] ^ 0xFF);
  BOOST_TEST(!refusal("damaged.gguf.zst", packed).empty());
  BOOST_TEST(says(refusal("behind.gguf.gz", gzip_of(plain) + "more"), "damaged"));
  BOOST_TEST(plain_files() == 0u);
}

BOOST_AUTO_TEST_CASE(what_holds_no_model_or_nothing_is_refused) {
  for (const Kind& kind : kinds) {
    const std::string name = std::string("x") + kind.ending;
    BOOST_TEST(says(refusal(name, kind.compress("just some text")), "no GGUF model"));
    BOOST_TEST(says(refusal(name, kind.compress("GG")), "no GGUF model"));
    BOOST_TEST(says(refusal(name, kind.compress("")), "nothing in it"));
  }
}

BOOST_AUTO_TEST_CASE(a_bomb_is_stopped_by_its_ratio_or_its_size) {
  const std::string zeros = "GGUF" + std::string(40'000'000, '\0');
  limits.free_of_ratio = 1 << 20;
  for (const Kind& kind : kinds) {
    const std::string name = std::string("bomb") + kind.ending;
    BOOST_TEST(says(refusal(name, kind.compress(zeros)), "more than 100 times its size"));
  }
  limits.most_bytes = 4 << 20;
  BOOST_TEST(says(refusal("large.gguf.gz", gzip_of(plain)), "more than 4 MiB, the limit"));
  BOOST_TEST(plain_files() == 0u);
  limits = {.spare_bytes = 0};
  BOOST_TEST(refusal("sparse.gguf.gz", gzip_of(zeros)).empty());  // small ones may shrink so far
}

BOOST_AUTO_TEST_CASE(without_room_or_cache_it_is_said_what_to_do) {
  limits.spare_bytes = std::uint64_t{1} << 60;
  BOOST_TEST(says(refusal("m.gguf.gz", gzip_of(plain)), "make room, or set XDG_CACHE_HOME"));
  const fs::path file = folder.write("m.gguf.gz", gzip_of(plain));
  try {
    decompressed_model(file, {});
    BOOST_ERROR("there is nowhere to write to");
  } catch (const ModelError& error) {
    BOOST_TEST(says(error.what(), "set XDG_CACHE_HOME or HOME"));
  }
}

BOOST_AUTO_TEST_CASE(whoever_watches_can_stop_it) {
  const fs::path file = folder.write("m.gguf.gz", gzip_of(plain));
  BOOST_CHECK_THROW(decompressed_model(
                        file, cache(), [](std::uint64_t) { return false; }, limits),
                    ModelError);
  BOOST_TEST(plain_files() == 0u);
}

BOOST_AUTO_TEST_CASE(two_at_once_make_one_whole_copy) {
  const fs::path file = folder.write("m.gguf.gz", gzip_of(plain));
  fs::path one, two;
  std::thread first([&] { one = open(file); });
  std::thread second([&] { two = open(file); });
  first.join();
  second.join();
  BOOST_TEST(one == two);
  BOOST_TEST((read_file(one) == plain));
  BOOST_TEST(plain_files() == 1u);
}

BOOST_AUTO_TEST_CASE(both_kinds_work_with_buffers_of_any_size) {
  const std::string small = model_of(3000);
  const std::pair<std::string, std::function<std::unique_ptr<Decompressor>()>> streams[]{
      {gzip_of(small), make_gzip_decompressor}, {zstd_of(small), make_zstd_decompressor}};
  for (const auto& [packed, make] : streams)
    for (const std::size_t in_piece : {1, 7, 4096})
      for (const std::size_t out_piece : {1, 13, 4096}) {
        const auto decompressor = make();
        std::string out;
        std::size_t at = 0;
        for (;;) {
          std::vector<std::byte> room(out_piece);
          const auto left = std::as_bytes(std::span(packed)).subspan(at);
          const auto step = decompressor->run(left.first(std::min(in_piece, left.size())), room);
          at += step.consumed;
          out.append(reinterpret_cast<const char*>(room.data()), step.produced);
          if (step.consumed == 0 && step.produced == 0) break;
        }
        BOOST_TEST(decompressor->complete());
        BOOST_TEST((out == small), "pieces of " << in_piece << " and " << out_piece);
      }
}

BOOST_AUTO_TEST_SUITE_END()
