#include "coordinator/store/compressed_bytes.hpp"

#include <cassert>
#include <new>
#include <string>
#include <zstd.h>

namespace squall::coordinator {

namespace {

constexpr int level = 6;  // of journals about a third smaller than 3, and still as fast as a disk

}  // namespace

struct Compressor::State {
  explicit State(TakeBytes sink) : take(std::move(sink)), stream(ZSTD_createCCtx()) {
    if (stream == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1);
    part.resize(part_limit);
  }
  ~State() { ZSTD_freeCCtx(stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void run(std::string_view plain, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{plain.data(), plain.size(), 0};
    for (bool done = false; !done;) {
      ZSTD_outBuffer out{part.data(), part.size(), used};
      const std::size_t left = ZSTD_compressStream2(stream, &out, &in, directive);
      assert(!ZSTD_isError(left));  // only for wrong parameters
      used = out.pos;
      if (used == part.size()) give();
      done = directive == ZSTD_e_end ? left == 0 : in.pos == in.size;
    }
  }

  void give() {
    if (used > 0) take(std::string_view(part.data(), used));
    used = 0;
  }

  TakeBytes take;
  ZSTD_CCtx* stream;
  std::string part;
  std::size_t used = 0;
};

Compressor::Compressor(TakeBytes take) : state_(std::make_unique<State>(std::move(take))) {}
Compressor::~Compressor() = default;

void Compressor::write(std::string_view plain) { state_->run(plain, ZSTD_e_continue); }

void Compressor::finish() {
  state_->run({}, ZSTD_e_end);
  state_->give();
}

struct Decompressor::State {
  explicit State(TakeBytes sink) : take(std::move(sink)), stream(ZSTD_createDStream()) {
    if (stream == nullptr) throw std::bad_alloc();
    out_bytes.resize(part_limit);
  }
  ~State() { ZSTD_freeDStream(stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void run(std::string_view part) {
    if (part.empty()) return;
    if (whole) throw DamagedBytes("more follows its end");
    ZSTD_inBuffer in{part.data(), part.size(), 0};
    for (bool full = true; in.pos < in.size || full;) {
      if (whole) {
        if (in.pos < in.size) throw DamagedBytes("more follows its end");
        return;
      }
      ZSTD_outBuffer out{out_bytes.data(), out_bytes.size(), 0};
      const std::size_t left = ZSTD_decompressStream(stream, &out, &in);
      if (ZSTD_isError(left)) throw DamagedBytes(ZSTD_getErrorName(left));
      full = out.pos == out.size;
      whole = left == 0;
      if (out.pos > 0) take(std::string_view(out_bytes.data(), out.pos));
    }
  }

  TakeBytes take;
  ZSTD_DStream* stream;
  std::string out_bytes;
  bool whole = false;
};

Decompressor::Decompressor(TakeBytes take) : state_(std::make_unique<State>(std::move(take))) {}
Decompressor::~Decompressor() = default;

void Decompressor::write(std::string_view part) { state_->run(part); }

void Decompressor::finish() {
  if (!state_->whole) throw DamagedBytes("its end is missing");
}

}  // namespace squall::coordinator
