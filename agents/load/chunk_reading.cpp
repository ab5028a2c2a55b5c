#include "agents/load/chunk_reading.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agents/resource_monitor.hpp"
#include "agents/targets/openai/answer_reader.hpp"
#include "agents/targets/openai/event_stream_parser.hpp"

namespace squall::agents {

using std::chrono::nanoseconds;
using Clock = std::chrono::steady_clock;

namespace {

/// As servers send it: one token of an answer.
constexpr std::string_view event_bytes =
    "data: {\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\","
    "\"created\":1700000000,\"model\":\"some-model-7b-q4_k_m\",\"choices\":[{\"index\":0,"
    "\"delta\":{\"content\":\" token\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";

constexpr std::size_t streams_at_once = 32;
constexpr std::size_t chunks_of_an_answer = 200;

/// Connected sockets, one pair a stream, and an epoll that watches the reading ends.
class Streams {
 public:
  Streams() : epoll_(epoll_create1(0)) {
    for (auto& ends : ends_) {
      ends = {-1, -1};
      if (epoll_ < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) continue;
      epoll_event readable{};
      readable.events = EPOLLIN;
      readable.data.fd = ends[1];
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, ends[1], &readable) == 0) ++good_;
    }
  }
  ~Streams() {
    for (const auto& ends : ends_)
      for (const int each : ends)
        if (each >= 0) close(each);
    if (epoll_ >= 0) close(epoll_);
  }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  bool good() const { return good_ == streams_at_once; }

  bool send_to_each(std::string_view bytes) const {
    for (const auto& ends : ends_)
      if (write(ends[0], bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
        return false;
    return true;
  }
  /// Calls `take` with the bytes of each that has some.
  template <class Take>
  void receive(Take take) {
    std::array<epoll_event, streams_at_once> ready{};
    const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 0);
    for (int i = 0; i < count; ++i) {
      const ssize_t size =
          read(ready.at(static_cast<std::size_t>(i)).data.fd, buffer_.data(), buffer_.size());
      if (size > 0) take(std::string_view(buffer_.data(), static_cast<std::size_t>(size)));
    }
  }

 private:
  std::array<std::array<int, 2>, streams_at_once> ends_{};
  int epoll_ = -1;
  std::size_t good_ = 0;
  std::array<char, 16'384> buffer_{};
};

}  // namespace

ChunkReading measure_chunk_reading(nanoseconds length) {
  Streams streams;
  if (!streams.good()) return {};
  nanoseconds reading{0};
  std::int64_t chunks = 0;
  const nanoseconds cpu_before = own_thread_cpu();
  const auto begun = Clock::now();
  while (Clock::now() < begun + length) {
    EventStreamParser parser;
    AnswerReader answer({});
    answer.reserve(chunks_of_an_answer);
    while (answer.content_chunks() < chunks_of_an_answer) {
      const std::size_t chunks_before = answer.content_chunks();
      if (!streams.send_to_each(event_bytes)) return {};
      const auto round_begun = Clock::now();
      streams.receive([&](std::string_view bytes) {
        const auto stamp = Clock::now();
        ServerSentEvent event;
        parser.feed(bytes);
        while (parser.next(event) == EventStreamParser::Step::event)
          answer.take_event(event.type, event.data, stamp);
      });
      reading += Clock::now() - round_begun;
      if (answer.content_chunks() != chunks_before + streams_at_once) return {};
    }
    chunks += static_cast<std::int64_t>(answer.content_chunks());
  }
  // The thread's CPU time is of sending too: reading has the share that it has of the time.
  const double share = std::chrono::duration<double>(reading) / (Clock::now() - begun);
  const auto cpu = static_cast<double>((own_thread_cpu() - cpu_before).count()) * share;
  return {reading / chunks, nanoseconds(static_cast<std::int64_t>(cpu)) / chunks};
}

}  // namespace squall::agents
