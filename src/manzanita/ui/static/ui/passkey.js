/* Passkeys: asks the server what is wanted, the browser for it, and puts the answer into the form.
   A form says so with data-passkey="use" or "new" and data-options; window.manzanitaPasskey serves other scripts. */
(function () {
  "use strict";

  function toBytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  }
  function toText(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  const withBytes = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

  async function wanted(address) {
    const answer = await fetch(address, { headers: { Accept: "application/json", "X-Background": "1" } });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error || "The server did not answer.");
    return told.publicKey;
  }

  async function use(address) {
    const asked = await wanted(address);
    const found = await navigator.credentials.get({
      publicKey: { ...asked, challenge: toBytes(asked.challenge), allowCredentials: withBytes(asked.allowCredentials) },
    });
    const answer = found.response;
    return JSON.stringify({
      id: found.id,
      rawId: toText(found.rawId),
      type: found.type,
      clientExtensionResults: found.getClientExtensionResults(),
      response: {
        authenticatorData: toText(answer.authenticatorData),
        clientDataJSON: toText(answer.clientDataJSON),
        signature: toText(answer.signature),
        userHandle: answer.userHandle ? toText(answer.userHandle) : null,
      },
    });
  }

  async function make(address) {
    const asked = await wanted(address);
    const made = await navigator.credentials.create({
      publicKey: {
        ...asked,
        challenge: toBytes(asked.challenge),
        user: { ...asked.user, id: toBytes(asked.user.id) },
        excludeCredentials: withBytes(asked.excludeCredentials),
      },
    });
    return JSON.stringify({
      id: made.id,
      rawId: toText(made.rawId),
      type: made.type,
      clientExtensionResults: made.getClientExtensionResults(),
      response: {
        attestationObject: toText(made.response.attestationObject),
        clientDataJSON: toText(made.response.clientDataJSON),
      },
    });
  }

  function words(error) {
    if (error.name === "NotAllowedError") return "No passkey was used: it was put off, or this device has none for this site.";
    if (error.name === "InvalidStateError") return "This device has a passkey for your account already.";
    return error.message || "The passkey did not work. Try again.";
  }

  const isPossible = !!window.PublicKeyCredential;
  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    const button = form.querySelector("button");
    const says = form.querySelector("[data-passkey-says]");
    if (!isPossible) {
      button.disabled = true;
      if (!says.textContent) says.textContent = "This browser has no passkeys.";
    }
    form.addEventListener("submit", async (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      button.disabled = true;
      says.textContent = "";
      try {
        const ceremony = form.dataset.passkey === "new" ? make : use;
        form.elements.credential.value = await ceremony(form.dataset.options);
        button.disabled = false;
        form.submit();
      } catch (error) {
        button.disabled = false;
        says.textContent = words(error);
      }
    });
  });

  window.manzanitaPasskey = { use, words, isPossible };
})();
