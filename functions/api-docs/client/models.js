// The catalogue of models. A change names the version that it was made for, which is the last one that was read.

export function createModels({ api, pages }) {
  const versions = new Map();

  function noted(model, answer) {
    const version = answer.problem ? undefined : answer.response?.headers.get("etag");
    if (version) versions.set(model, version);
    else versions.delete(model);
    return answer;
  }

  const get = async (model) => noted(model, await api.GET("/v1/models/{model}", { params: { path: { model } } }));

  /** Makes a request for the version of a model that was read last, and reads it first if none was. */
  async function versioned(model, request) {
    if (!versions.has(model)) {
      const { problem } = await get(model);
      if (problem) return { problem };
    }
    return noted(model, await request({ path: { model }, header: { "If-Match": versions.get(model) } }));
  }

  const models = {
    /** The pages say with `relevant` and `divider` where the rest begins. */
    search: (query) => pages("/v1/models", { query }),
    get,
    create: (body) => api.POST("/v1/models", { body }),
    update: (model, body) => versioned(model, (params) => api.PATCH("/v1/models/{model}", { params, body })),
    remove: (model) => versioned(model, (params) => api.DELETE("/v1/models/{model}", { params })),
  };
  return { models };
}
