#pragma once
// What it costs to read one chunk of a server's stream: hear that bytes are there, read them from a
// socket, find the event, stamp and parse it. For the calibration; reads the clock.

#include <chrono>

namespace squall::agents {

/// Per chunk. `elapsed` holds whatever else the machine does meanwhile, `cpu` does not.
struct ChunkReading {
  std::chrono::nanoseconds elapsed{0}, cpu{0};
};

/// Mean over about `length`, of one thread with many streams of which each always has a chunk: the
/// most that one thread can do. Zeros where this machine gives no sockets.
ChunkReading measure_chunk_reading(std::chrono::nanoseconds length);

}  // namespace squall::agents
