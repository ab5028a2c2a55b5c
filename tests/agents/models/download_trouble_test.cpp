// Downloads that meet trouble: refusals, detours, slowness, too much, too little room.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <sys/mount.h>

#include "tests/agents/models/download_fixture.hpp"

using namespace squall::agents;
using namespace squall::tests;
using namespace squall::fixtures;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

HttpServer::Answer refusing(const std::string& status, const std::string& headers = {}) {
  return [=](const HttpRequest&, HttpConnection& connection) {
    connection.answer(status, "no", headers);
  };
}

/// A small file system in memory, where this process may make one.
struct SmallDisk {
  explicit SmallDisk(const fs::path& folder) : path(folder) {
    fs::create_directories(path);
    mounted = ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=128k") == 0;
  }
  ~SmallDisk() {
    if (mounted) ::umount(path.c_str());
  }
  fs::path path;
  bool mounted = false;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(trouble, DownloadFixture)

BOOST_AUTO_TEST_CASE(a_source_that_has_it_not_is_left_at_once_for_the_next) {
  const HttpServer empty(refusing("404 Not Found"));
  const HttpServer full([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "\"one\"");
  });
  const Download done = fetch(order_from({empty.url("/m.gguf"), full.url("/m.gguf")}));
  BOOST_TEST((read_file(place()) == content));
  BOOST_TEST(empty.requests().size() == 1u);
  BOOST_TEST(pauses.empty());
  BOOST_REQUIRE(done.failures.size() == 1u);
  BOOST_TEST(done.failures[0] == empty.url("/m.gguf") + ": answered 404");
}

BOOST_AUTO_TEST_CASE(when_no_source_has_it_each_is_named_with_its_reason) {
  const HttpServer one(refusing("404 Not Found"));
  const HttpServer two(refusing("403 Forbidden"));
  try {
    fetch(order_from({one.url("/m.gguf?key=secret"), two.url("/m.gguf")}));
    BOOST_ERROR("nobody has it");
  } catch (const DownloadError& error) {
    BOOST_TEST(error.failures.size() == 2u);
    BOOST_TEST(says(error.what(), one.url("/m.gguf") + ": answered 404"));
    BOOST_TEST(says(error.what(), two.url("/m.gguf") + ": answered 403"));
    BOOST_TEST(!says(error.what(), "secret"));
  }
}

BOOST_AUTO_TEST_CASE(a_busy_server_is_asked_again_after_as_long_as_it_wishes) {
  std::atomic<int> count{0};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    if (count++ == 0)
      connection.answer("503 Service Unavailable", "busy", "Retry-After: 7\r\n");
    else
      answer_file(request, connection, content, "\"one\"");
  });
  fetch(order_from({server.url("/m.gguf")}));
  BOOST_TEST((read_file(place()) == content));
  BOOST_REQUIRE(pauses.size() == 1u);
  BOOST_TEST((pauses[0] >= 7s));
  BOOST_TEST((pauses[0] <= 8s));  // and the jitter of a first pause
}

BOOST_AUTO_TEST_CASE(a_server_that_wishes_for_an_hour_is_left) {
  const HttpServer server(refusing("429 Too Many Requests", "Retry-After: 3600\r\n"));
  BOOST_TEST(says(refusal(order_from({server.url("/m.gguf")})), "answered 429"));
  BOOST_TEST(pauses.empty());
}

BOOST_AUTO_TEST_CASE(a_server_that_stays_broken_is_given_up_after_a_few_attempts) {
  const HttpServer server(refusing("500 Internal Server Error"));
  BOOST_TEST(says(refusal(order_from({server.url("/m.gguf")})), "answered 500"));
  BOOST_TEST(server.requests().size() == 5u);
  BOOST_TEST(pauses.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_file_that_changes_with_every_cut_is_given_up_too) {
  std::atomic<int> count{0};
  const std::string large = model_of(4 << 20);
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, large, "\"" + std::to_string(count++) + "\"", 3 << 20);
  });
  BOOST_TEST(says(refusal(order_from({server.url("/m.gguf")})), "closed the connection"));
  BOOST_TEST(server.requests().size() <= 6u);
}

BOOST_AUTO_TEST_CASE(a_redirect_is_followed_and_a_loop_is_not) {
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    if (request.path == "/there")
      answer_file(request, connection, content, "\"one\"");
    else
      connection.answer(
          "302 Found", {},
          "Location: " + std::string(request.path == "/m.gguf" ? "/there" : "/loop") + "\r\n");
  });
  fetch(order_from({server.url("/m.gguf")}));
  BOOST_TEST((read_file(place()) == content));
  fs::remove(place());
  BOOST_TEST(says(refusal(order_from({server.url("/loop")})), "from address to address"));
  BOOST_TEST(server.requests().size() <= 2u + 9u);
  BOOST_TEST(pauses.empty());
}

BOOST_AUTO_TEST_CASE(a_redirect_to_a_host_that_may_not_be_asked_is_not_followed) {
  const HttpServer hidden([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "\"one\"");
  });
  std::string elsewhere = hidden.url("/m.gguf");
  elsewhere.replace(elsewhere.find("127.0.0.1"), 9, "localhost");
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    if (request.path == "/there")
      answer_file(request, connection, content, "\"one\"");
    else
      connection.answer("302 Found", {},
                        "Location: " + (request.path == "/here" ? "/there" : elsewhere) + "\r\n");
  });
  std::vector<std::string> asked;
  context.may_ask = [&](const std::string& host) {
    asked.push_back(host);
    return host == "127.0.0.1";
  };
  BOOST_TEST(says(refusal(order_from({server.url("/m.gguf")})),
                  "leads to the host localhost, which may not be asked"));
  BOOST_TEST(hidden.requests().empty());
  BOOST_TEST(pauses.empty());
  BOOST_TEST(says(refusal(order_from({elsewhere})), "localhost, which may not be asked"));
  BOOST_TEST(hidden.requests().empty());
  asked.clear();
  fetch(order_from({server.url("/here")}));
  BOOST_TEST((read_file(place()) == content));
  BOOST_TEST(asked == (std::vector<std::string>{"127.0.0.1", "127.0.0.1"}));
}

BOOST_AUTO_TEST_CASE(only_http_and_https_are_spoken_also_after_a_redirect) {
  const fs::path secret = folder.write("secret.gguf", content);
  const HttpServer server([&](const HttpRequest&, HttpConnection& connection) {
    connection.answer("302 Found", {}, "Location: file://" + secret.string() + "\r\n");
  });
  BOOST_TEST(says(refusal(order_from({server.url("/m.gguf")})), "neither http:// nor https://"));
  for (const std::string& url : {"file://" + secret.string(), std::string("ftp://host/m.gguf"),
                                 secret.string(), std::string("gopher://host/")})
    BOOST_TEST(says(refusal(order_from({url})), "models are downloaded from https://"), url);
  BOOST_TEST(nothing_under_its_name());
}

BOOST_AUTO_TEST_CASE(plain_http_needs_a_checksum) {
  auto order = order_from({"http://127.0.0.1:1/m.gguf"});
  order.sha256.clear();
  BOOST_TEST(says(refusal(order), "give its SHA-256, or use https://"));
}

BOOST_AUTO_TEST_CASE(a_file_above_the_limit_is_refused_announced_or_not) {
  std::atomic<bool> announced{true};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    if (announced) return answer_file(request, connection, content, "\"one\"");
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    connection.send(content);
  });
  auto order = order_from({server.url("/m.gguf")});
  order.most_bytes = 200'000;
  BOOST_TEST(says(refusal(order), "is larger than 0.2 MiB, the limit"));
  announced = false;
  BOOST_TEST(says(refusal(order), "is larger than 0.2 MiB, the limit"));
  BOOST_TEST(!fs::exists(place().string() + ".part"));
  order.most_bytes = 400'000;
  fetch(order);
  BOOST_TEST((read_file(place()) == content));
}

BOOST_AUTO_TEST_CASE(a_server_that_falls_silent_is_left_and_continued) {
  std::atomic<int> count{0};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    const bool silent = count++ == 0;
    answer_file(request, connection, content, "\"one\"", silent ? 40'000 : std::string::npos);
    if (silent) connection.stall();
  });
  auto order = order_from({server.url("/m.gguf")});
  order.http.patience = 1s;
  fetch(order);
  BOOST_TEST((read_file(place()) == content));
  BOOST_TEST(server.requests().back().header("range") == "bytes=40000-");
}

BOOST_AUTO_TEST_CASE(nobody_listening_is_said_so) {
  std::string url;
  {
    const HttpServer gone(refusing("200 OK"));
    url = gone.url("/m.gguf");
  }
  BOOST_TEST(says(refusal(order_from({url})), "127.0.0.1"));
  BOOST_TEST(pauses.size() == 4u);
}

BOOST_AUTO_TEST_CASE(without_room_nothing_is_fetched) {
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "\"one\"");
  });
  auto order = order_from({server.url("/m.gguf"), server.url("/again")});
  order.spare_bytes = std::uint64_t{1} << 60;
  const std::string message = refusal(order);
  BOOST_TEST(says(message, "no room for"));
  BOOST_TEST(says(message, "make room"));
  BOOST_TEST(server.requests().size() == 1u);  // another source would not help
  BOOST_TEST(nothing_under_its_name());
}

BOOST_AUTO_TEST_CASE(a_disk_that_runs_full_is_said_and_room_helps) {
  const SmallDisk disk(place().parent_path());
  if (!disk.mounted) {
    BOOST_TEST_MESSAGE("skipped: making a small disk needs the rights of root");
    return;
  }
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "\"one\"");
  });
  auto order = order_from({server.url("/m.gguf")});
  BOOST_TEST(says(refusal(order), "no room for"));  // known before, by its announced length

  const HttpServer mute([&](const HttpRequest&, HttpConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    connection.send(content);
  });
  order.sources = {mute.url("/m.gguf")};
  BOOST_TEST(says(refusal(order), "make room"));
  BOOST_TEST(nothing_under_its_name());
  BOOST_TEST((::mount("tmpfs", disk.path.c_str(), "tmpfs", MS_REMOUNT, "size=4m") == 0));
  fetch(order);
  BOOST_TEST((read_file(place()) == content));
}

BOOST_AUTO_TEST_SUITE_END()
