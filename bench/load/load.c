/*
 * The load of the benchmarks: thousands of WebSocket clients in one thread, on loopback, with frames built in advance.
 * In C, because a generator in Node costs more than the fastest of the servers it measures.
 *
 * It knows no protocol: what to send and what to wait for is given by arguments, as templates in which {n} is the
 * client's number, and {peer} the id of the client it is paired with (2k with 2k+1). Masks are zero, so that a frame's
 * payload on the wire equals its template; a server unmasks it all the same.
 *
 *   load PORTS PATH HELLO GREETING ID_MARKER PAIR PAIRED MESSAGE_A MESSAGE_B [SECRET_MARKER BACK_PATH BACK PING PONG]
 *
 * PORTS is one port or several (1,2,3): client n connects to the n-th of them, and comes back to any. In BACK, which a
 * client sends when it comes back, {id} is its id, {secret} what followed SECRET_MARKER in its last greeting, and
 * {received} the number of numbered frames ("[...") that it has got. A message with PING in it is answered with PONG.
 *
 * Commands on stdin, each answered by `done COUNT` and the microseconds of CPU that this process has used:
 *   connect N     N more clients; counts a client once it has its greeting
 *   pair          every even client asks for its neighbour; counts a pair once both are told
 *   relay N       N messages back and forth, one in flight per pair
 *   storm MS      all lose their sockets and come back, each after a random time of up to MS; counts those that are
 *                 greeted by their old id
 *   talk RATE MS  every client sends to its neighbour, one after the other, so many messages per second in all; counts
 *                 those that arrive
 *   idle MS       answers pings, and nothing else, for that long
 *   close         closes all
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CLIENTS = 60000, WINDOW = 64, TEXT = 1024, EVENTS = 256, IDLE_MS = 20000, PAUSE_US = 300 };
enum { MAX_PORTS = 16, PER_ADDRESS = 250 };

struct client {
  int fd, is_connected, is_open, is_ready, is_paired;
  unsigned char head[10];        /* of the frame being received */
  int head_length;
  uint64_t left, length;         /* of its payload */
  char text[TEXT];               /* the payload, cut if too long; before the upgrade, the HTTP response */
  int text_length;
  char id[64], secret[256];
  int port, received;            /* the port it connects to; the number of numbered frames */
  double back_at;                /* when it comes back, in milliseconds */
  unsigned char *frame;          /* the frame that it relays */
  size_t frame_length;
};

static struct client *clients;
static struct client **returning; /* in the order in which they come back */
static int count, opened, ports[MAX_PORTS], port_count, epoll;
static const char *path, *hello, *greeting, *id_marker, *pair_frame, *paired, *messages[2];
static const char *secret_marker = "", *back_path, *back, *ping = "", *pong;
static enum { CONNECT, PAIR, RELAY, RETURN, TALK, IDLE } phase;
static long done, wanted, started;

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

static void send_all(struct client *client, const void *bytes, size_t length) {
  ssize_t sent = send(client->fd, bytes, length, MSG_NOSIGNAL);
  if (sent != (ssize_t)length) fail("client %ld: cannot send (%s)", (long)(client - clients), strerror(errno));
}

/* Fills {n} and {peer} into a template. */
static char *fill(const char *template, struct client *client) {
  static char filled[65536];
  char *out = filled;
  long n = client - clients;
  while (*template) {
    if (!strncmp(template, "{n}", 3)) out += sprintf(out, "%ld", n), template += 3;
    else if (!strncmp(template, "{peer}", 6)) out += sprintf(out, "%s", clients[n ^ 1].id), template += 6;
    else if (!strncmp(template, "{id}", 4)) out += sprintf(out, "%s", client->id), template += 4;
    else if (!strncmp(template, "{secret}", 8)) out += sprintf(out, "%s", client->secret), template += 8;
    else if (!strncmp(template, "{received}", 10)) out += sprintf(out, "%d", client->received), template += 10;
    else *out++ = *template++;
  }
  *out = 0;
  return filled;
}

/* A masked text frame whose mask is zero. */
static size_t frame(unsigned char *out, const char *text) {
  size_t length = strlen(text), at = 2;
  out[0] = 0x81;
  if (length < 126) out[1] = 0x80 | length;
  else out[1] = 0x80 | 126, out[2] = length >> 8, out[3] = length, at = 4;
  memset(out + at, 0, 4);
  memcpy(out + at + 4, text, length);
  return at + 4 + length;
}

static void send_text(struct client *client, const char *text) {
  static unsigned char bytes[65600];
  send_all(client, bytes, frame(bytes, text));
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void open_socket(struct client *client) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(client->port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  /* A connection that the system drops is tried again after a second, in which the other clients must not wait. */
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int on = 1;
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  /* One address has too few ports for all, and servers limit what comes from one. */
  struct sockaddr_in own = {.sin_family = AF_INET};
  /* Other generators have other ones, most likely. */
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + ((getpid() & 0xff) << 8) + (client - clients) / PER_ADDRESS);
  setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind(client->fd, (void *)&own, sizeof own)) fail("cannot bind: %s", strerror(errno));
  if (connect(client->fd, (void *)&address, sizeof address) && errno != EINPROGRESS)
    fail("cannot connect: %s", strerror(errno));
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
  epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event);
}

static void connected(struct client *client) {
  client->is_connected = 1;
  fcntl(client->fd, F_SETFL, 0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
  epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &event);
  char request[2048];
  int length = snprintf(request, sizeof request,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    fill(phase == RETURN ? back_path : path, client), client->port);
  send_all(client, request, length);
}

static void open_next(void) {
  struct client *client = &clients[opened];
  client->port = ports[opened++ % port_count];
  open_socket(client);
}

static void pair_next(void) {
  struct client *client = &clients[2 * started++];
  send_text(client, fill(pair_frame, client));
}

static void send_message(struct client *client) {
  started++;
  send_all(client, client->frame, client->frame_length);
}

/* Handles one whole message. */
static void received(struct client *client) {
  client->text[client->text_length] = 0;
  if (client->text[0] == '[') client->received++;
  if (*ping && strstr(client->text, ping)) {
    send_text(client, pong);
    return;
  }
  char *secret = *secret_marker && strstr(client->text, greeting) ? strstr(client->text, secret_marker) : 0;
  if (secret) sscanf(secret + strlen(secret_marker), "%255[^\"]", client->secret);
  if (phase == RETURN || phase == IDLE) {
    if (client->is_ready || !strstr(client->text, greeting)) return;
    if (!strstr(client->text, client->id)) fail("instead of its session: %s", client->text);
    client->is_ready = 1;
    done++;
  } else if (phase == CONNECT) {
    if (!strstr(client->text, greeting)) return;
    char *id = *id_marker ? strstr(client->text, id_marker) : 0;
    if (id) sscanf(id + strlen(id_marker), "%63[^\"]", client->id);
    else sprintf(client->id, "c%ld", (long)(client - clients));
    client->is_ready = 1;
    done++;
    if (opened < count) open_next();
  } else if (phase == PAIR) {
    if (!strstr(client->text, paired)) fail("instead of being paired: %s", client->text);
    client->is_paired = 1;
    if (!clients[(client - clients) ^ 1].is_paired) return;
    done++;
    if (started < wanted) pair_next();
  } else {
    /* An error is shorter than what was sent, and is not a relayed message. */
    if (client->length + 32 < client->frame_length) fail("instead of a message: %s", client->text);
    done++;
    if (phase == RELAY && started < wanted) send_message(client);
  }
}

/* Reads the HTTP response up to its empty line. Returns how many bytes of the input belong to it. */
static size_t upgrade(struct client *client, const char *bytes, size_t length) {
  for (size_t at = 0; at < length; at++) {
    client->text[client->text_length] = bytes[at];
    if (client->text_length < TEXT - 1) client->text_length++;
    client->text[client->text_length] = 0;
    if (client->text_length < 4 || strcmp(client->text + client->text_length - 4, "\r\n\r\n")) continue;
    if (strncmp(client->text, "HTTP/1.1 101", 12)) fail("not upgraded: %s", client->text);
    client->is_open = 1;
    client->text_length = 0;
    if (phase == RETURN) send_text(client, fill(back, client));
    else if (*hello) send_text(client, hello);
    return at + 1;
  }
  return length;
}

static void parse(struct client *client, const char *bytes, size_t length) {
  size_t at = client->is_open ? 0 : upgrade(client, bytes, length);
  while (at < length) {
    if (client->left == 0) {
      client->head[client->head_length++] = bytes[at++];
      int kind = client->head[1] & 127, need = client->head_length < 2 ? 2 : kind == 126 ? 4 : kind == 127 ? 10 : 2;
      if (client->head_length < need) continue;
      client->length = need == 2 ? kind : 0;
      for (int i = 2; i < need; i++) client->length = client->length << 8 | client->head[i];
      client->left = client->length;
      client->head_length = client->text_length = 0;
      if (client->left > 0) continue;
    }
    size_t part = length - at < client->left ? length - at : client->left;
    size_t room = TEXT - 1 - client->text_length, kept = part < room ? part : room;
    memcpy(client->text + client->text_length, bytes + at, kept);
    client->text_length += kept;
    client->left -= part;
    at += part;
    if (client->left > 0) continue;
    if ((client->head[0] & 15) == 8) fail("closed by the server: %.*s", client->text_length - 2, client->text + 2);
    if ((client->head[0] & 15) == 1) received(client);
  }
}

/* Opens the sockets of those whose time to come back has come. Returns in how many milliseconds the next one's comes. */
static int come_back(void) {
  double now = now_ms();
  for (; started < wanted; started++) {
    struct client *client = returning[started];
    if (client->back_at > now) return client->back_at - now + 1;
    client->port = ports[rand() % port_count];
    open_socket(client);
  }
  return IDLE_MS;
}

/* Waits for something to read, and handles it. Returns whether there was any. */
static int serve(int wait_ms) {
  static char bytes[65536];
  struct epoll_event events[EVENTS];
  int ready = epoll_wait(epoll, events, EVENTS, wait_ms);
  for (int i = 0; i < ready; i++) {
    struct client *client = events[i].data.ptr;
    if (!client->is_connected && !(events[i].events & (EPOLLERR | EPOLLHUP))) {
      connected(client);
      continue;
    }
    ssize_t length = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (length == 0 || (length < 0 && errno != EAGAIN))
      fail("client %ld's connection has ended: %s", (long)(client - clients), length ? strerror(errno) : "closed");
    if (length > 0) parse(client, bytes, length);
  }
  return ready > 0;
}

static void run(void) {
  while (done < wanted) {
    int wait_ms = phase == RETURN ? come_back() : IDLE_MS;
    if (!serve(wait_ms) && wait_ms == IDLE_MS) fail("the server is silent: %ld of %ld", done, wanted);
    if (done < wanted) usleep(PAUSE_US);
  }
}

static void begin(long number, int next_phase) {
  phase = next_phase;
  done = started = 0;
  wanted = number;
}

static void connect_all(long number) {
  begin(number, CONNECT);
  count += number;
  if (count > MAX_CLIENTS) fail("more than %d clients", MAX_CLIENTS);
  for (int i = 0; i < WINDOW && opened < count; i++) open_next();
  run();
}

static void pair_all(void) {
  begin(count / 2, PAIR);
  for (int i = 0; i < WINDOW && started < wanted; i++) pair_next();
  run();
}

static void build_messages(void) {
  for (struct client *client = clients; client < clients + count; client++) {
    if (client->frame) continue;
    char *text = fill(messages[(client - clients) & 1], client);
    client->frame = malloc(strlen(text) + 14);
    client->frame_length = frame(client->frame, text);
  }
}

static void relay(long number) {
  build_messages();
  begin(number, RELAY);
  for (int i = 0; i < count && started < wanted; i += 2) send_message(&clients[i]);
  run();
}

static int by_time(const void *one, const void *other) {
  double difference = (*(struct client **)one)->back_at - (*(struct client **)other)->back_at;
  return (difference > 0) - (difference < 0);
}

static void storm(long within_ms) {
  begin(count, RETURN);
  double now = now_ms();
  for (int i = 0; i < count; i++) {
    struct client *client = returning[i] = &clients[i];
    close(client->fd);
    client->is_connected = client->is_open = client->is_ready = client->head_length = client->text_length = client->left = 0;
    client->back_at = now + (double)rand() / RAND_MAX * within_ms;
  }
  qsort(returning, count, sizeof *returning, by_time);
  run();
}

static void talk(long per_second, long ms) {
  build_messages();
  begin(0, TALK);
  double now, from = now_ms();
  while ((now = now_ms()) < from + ms) {
    while (started < per_second * (now - from) / 1e3) send_message(&clients[started % count]);
    serve(1);
  }
  while (done < started && serve(IDLE_MS));
}

static void idle(long ms) {
  begin(count, IDLE);
  double left, until = now_ms() + ms;
  while ((left = until - now_ms()) > 0) serve(left + 1);
  done = count;
}

static void close_all(void) {
  for (int i = 0; i < opened; i++) close(clients[i].fd), free(clients[i].frame);
  memset(clients, 0, sizeof *clients * opened);
  begin(count, CONNECT);
  done = count;
  count = opened = 0;
}

int main(int argc, char **argv) {
  if (argc != 10 && argc != 15) fail("usage: see the head of load.c");
  for (char *port = strtok(argv[1], ","); port && port_count < MAX_PORTS; port = strtok(0, ","))
    ports[port_count++] = atoi(port);
  if (argc == 15) secret_marker = argv[10], back_path = argv[11], back = argv[12], ping = argv[13], pong = argv[14];
  path = argv[2], hello = argv[3], greeting = argv[4], id_marker = argv[5];
  pair_frame = argv[6], paired = argv[7], messages[0] = argv[8], messages[1] = argv[9];
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  clients = calloc(MAX_CLIENTS, sizeof *clients);
  returning = calloc(MAX_CLIENTS, sizeof *returning);
  epoll = epoll_create1(0);
  char line[64];
  long number, ms;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "connect %ld", &number) == 1) connect_all(number);
    else if (!strncmp(line, "pair", 4)) pair_all();
    else if (sscanf(line, "relay %ld", &number) == 1) relay(number);
    else if (sscanf(line, "storm %ld", &number) == 1) storm(number);
    else if (sscanf(line, "talk %ld %ld", &number, &ms) == 2) talk(number, ms);
    else if (sscanf(line, "idle %ld", &number) == 1) idle(number);
    else if (!strncmp(line, "close", 5)) close_all();
    else fail("no such command: %s", line);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    long cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec +
      usage.ru_stime.tv_usec;
    printf("done %ld %ld\n", done, cpu_us);
    fflush(stdout);
  }
  return 0;
}
