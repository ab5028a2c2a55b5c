#include "agents/models/decompressed_model.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "agents/engine/model/fingerprint.hpp"
#include "agents/engine/model/mapped_file.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/model_locator.hpp"
#include "agents/models/decompressor.hpp"
#include "agents/models/file_lock.hpp"
#include "agents/models/partial_file.hpp"

namespace squall::agents {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t piece = std::size_t{4} << 20;

enum class Compression { none, gzip, zstd };

Compression compression_of(const fs::path& file) {
  std::array<unsigned char, 4> begin{};
  std::ifstream(file, std::ios::binary).read(reinterpret_cast<char*>(begin.data()), 4);
  if (begin[0] == 0x1F && begin[1] == 0x8B) return Compression::gzip;
  constexpr std::array<unsigned char, 4> zstd{0x28, 0xB5, 0x2F, 0xFD};
  return begin == zstd ? Compression::zstd : Compression::none;
}

/// Of the compressed file: its length, its time and its content.
std::string key_of(const fs::path& file, std::span<const std::byte> bytes) {
  Fingerprint fingerprint;
  const auto changed = fs::last_write_time(file).time_since_epoch();
  fingerprint.add(static_cast<std::uint64_t>(changed.count()));
  const std::string content = fingerprint_of_file(bytes, 0);
  fingerprint.add(std::as_bytes(std::span(content)));
  return fingerprint.text();
}

/// Writes what comes out, and refuses what is too much or no model.
class Output {
 public:
  Output(const fs::path& place, std::uint64_t compressed, const DecompressionLimits& limits,
         const std::function<bool(std::uint64_t)>& go_on)
      : part_(place), place_(place), compressed_(compressed), limits_(limits), go_on_(go_on) {
    part_.begin({});
  }
  ~Output() {
    if (!kept_) part_.discard();
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void add(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    if (written_ == 0 && (bytes.size() < 4 || std::memcmp(bytes.data(), "GGUF", 4) != 0))
      throw ModelError("what is compressed in it is no GGUF model");
    written_ += bytes.size();
    check_limits(bytes.size());
    part_.append(bytes);
    if (go_on_ && !go_on_(written_)) throw ModelError("stopped");
  }
  void keep() {
    if (written_ == 0) throw ModelError("there is nothing in it");
    part_.finish();
    kept_ = true;
  }

 private:
  void check_limits(std::uint64_t more) const {
    if (written_ > limits_.most_bytes)
      throw ModelError("it holds more than " + std::to_string(limits_.most_bytes >> 20) +
                       " MiB, the limit");
    if (written_ > limits_.free_of_ratio && written_ / limits_.most_ratio > compressed_)
      throw ModelError("it grows to more than " + std::to_string(limits_.most_ratio) +
                       " times its size, which no model does; decompress it by hand if you trust "
                       "it");
    std::error_code error;
    const fs::space_info space = fs::space(place_.parent_path(), error);
    if (!error && space.available < more + limits_.spare_bytes)
      throw ModelError("no room for the plain copy in " + place_.parent_path().string() + ": " +
                       std::to_string(limits_.spare_bytes >> 20) +
                       " MiB stay free; make room, or set XDG_CACHE_HOME to a larger disk");
  }

  PartialFile part_;
  fs::path place_;
  std::uint64_t compressed_;
  const DecompressionLimits& limits_;
  const std::function<bool(std::uint64_t)>& go_on_;
  std::uint64_t written_ = 0;
  bool kept_ = false;
};

void decompress(std::span<const std::byte> in, Decompressor& decompressor, Output& output) {
  std::vector<std::byte> out(piece);
  std::size_t filled = 0;
  const auto flush = [&] {
    output.add(std::span(out).first(filled));
    filled = 0;
  };
  for (;;) {
    const auto step =
        decompressor.run(in.first(std::min(in.size(), piece)), std::span(out).subspan(filled));
    in = in.subspan(step.consumed);
    filled += step.produced;
    if (filled == out.size()) flush();
    if (step.consumed > 0 || step.produced > 0) continue;
    if (in.empty() && decompressor.complete()) break;
    throw ModelError("it ends before its end; copy or download it again");
  }
  flush();
}

}  // namespace

const std::vector<std::string>& model_endings() {
  static const std::vector<std::string> endings{".gguf", ".gguf.zst", ".gguf.gz"};
  return endings;
}

fs::path decompressed_model(const fs::path& file, const fs::path& cache,
                            const std::function<bool(std::uint64_t)>& go_on,
                            const DecompressionLimits& limits) {
  const Compression compression = compression_of(file);
  if (compression == Compression::none) return file;
  if (cache.empty())
    throw ModelError(file.string() +
                     " is compressed, and there is no cache directory for its plain copy; set "
                     "XDG_CACHE_HOME or HOME");
  const MappedFile mapped(file);
  const std::string name = model_stem(file.string(), model_endings());
  const fs::path folder = cache / "decompressed" / (name + "-" + key_of(file, mapped.bytes()));
  const fs::path place = folder / (name + ".gguf");
  std::error_code error;
  if (fs::is_regular_file(place, error)) return place;
  fs::create_directories(folder, error);
  if (error) throw ModelError("cannot make the folder " + folder.string() + ": " + error.message());
  const FileLock lock(folder / "lock", [&] {
    std::this_thread::sleep_for(100ms);
    return !go_on || go_on(0);
  });
  if (fs::is_regular_file(place, error)) return place;  // by whoever held the lock
  try {
    if (!lock.locked()) throw ModelError("stopped");
    const auto decompressor =
        compression == Compression::gzip ? make_gzip_decompressor() : make_zstd_decompressor();
    Output output(place, mapped.bytes().size(), limits, go_on);
    decompress(mapped.bytes(), *decompressor, output);
    output.keep();
  } catch (const ModelError& failure) {
    throw ModelError("cannot decompress " + file.string() + ": " + failure.what());
  }
  return place;
}

}  // namespace squall::agents
