# What the hosts of a fleet profile run: a page on `port`, and perhaps a companion.
# `changed` says what a switch does to a service which a release changes; without it, it is stopped and started.
{
  web.port = 8080;

  database = {
    port = 8081;
    companion = {
      name = "backup";
      changed = [ "X-RestartIfChanged=false" ];
    };
  };

  app = {
    port = 8082;
    companion = {
      name = "worker";
      changed = [ "X-StopIfChanged=false" ];
    };
  };

  edge = {
    port = 8083;
    companion = {
      name = "cache";
      changed = [ "X-ReloadIfChanged=true" ];
    };
  };

  batch = {
    port = 8084;
    companion.name = "queue";
  };
}
